// Makes calls with the client that openapi-generator makes for Go, as a user of it would.
//
//	go run . BASE_URL EMAIL PASSWORD PICTURE
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	api "example.com/web1on1/api"
)

func check(holds bool, what interface{}) {
	if !holds {
		log.Fatalf("not as expected: %+v", what)
	}
}

func done(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	base, email, password, picture := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	configuration := api.NewConfiguration()
	configuration.Servers = api.ServerConfigurations{{URL: base}}
	client := api.NewAPIClient(configuration)

	// Log in, and replace the tokens.
	ctx := context.Background()
	credentials := api.PasswordCredentialsAsTokenRequest(api.NewPasswordCredentials(email, password))
	login, _, err := client.AuthenticationAPI.CreateToken(ctx).TokenRequest(credentials).Execute()
	done(err)
	token, _, err := client.AuthenticationAPI.RefreshToken(ctx).RefreshToken(login.RefreshToken).Execute()
	done(err)
	ctx = context.WithValue(ctx, api.ContextAccessToken, token.Token)

	// Create.
	create := api.NewUserCreate("go@example.com")
	create.SetPhone("+31201234567")
	user, _, err := client.UsersAPI.CreateUser(ctx).UserCreate(*create).Execute()
	done(err)

	// Page through a list, with a selection.
	emails := map[string]bool{}
	for more := true; more; {
		page, reply, err := client.UsersAPI.ListUsers(ctx).Limit(1).Offset(int32(len(emails))).
			Sort("email").Select_([]string{"email", "role"}).Execute()
		done(err)
		for _, listed := range page {
			emails[listed.GetEmail()] = true
		}
		more = reply.Header.Get("link") != ""
	}
	check(emails[email], emails)

	// Change, and clear with null.
	update := api.NewUserUpdate()
	update.SetFamilyName("Smit")
	update.SetPhoneNil()
	changed, _, err := client.UsersAPI.UpdateUser(ctx, user.Id).UserUpdate(*update).Execute()
	done(err)
	check(changed.GetFamilyName() == "Smit" && !changed.HasPhone(), changed)

	// A service, told apart by its type.
	params := api.NewWebhookParamsCreate("https://example.com/hook")
	hook := api.NewWebhookServiceCreate("Hook", api.WEBHOOKSERVICETYPE_WEBHOOK, *params)
	made, _, err := client.ServicesAPI.CreateService(ctx).
		ServiceCreate(api.WebhookServiceCreateAsServiceCreate(hook)).Execute()
	done(err)
	check(made.WebhookService != nil, made)
	check(made.WebhookService.Params.GetUrl() == params.Url, made.WebhookService)

	// Upload a picture.
	file, err := os.Open(picture)
	done(err)
	shown, _, err := client.UsersAPI.UploadUserAvatar(ctx, user.Id).File(file).Execute()
	done(err)
	check(shown.GetAvatar() != "", shown)

	// An error has its body.
	_, _, err = client.BotsAPI.GetBot(ctx, "000000000000000000000000").Execute()
	var refused *api.GenericOpenAPIError
	check(errors.As(err, &refused), err)
	body, ok := refused.Model().(api.ErrorReply)
	check(ok && body.Error.Status == api.ERRORCODE_NOT_FOUND, refused.Model())

	_, err = client.UsersAPI.DeleteUser(ctx, user.Id).Execute()
	done(err)
	fmt.Printf("Go: %d users, and every call was answered as the client expects\n", len(emails))
}
