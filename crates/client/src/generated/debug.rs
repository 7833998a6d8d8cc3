//! `Debug` of the messages that hold secrets, without these.

use std::fmt;

use super::v2;

struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for v2::Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("name", &self.name)
            .field("description", &self.description)
            .field("status", &self.status)
            .field("roles", &self.roles)
            .field("audience", &self.audience)
            .field("tags", &self.tags)
            .field("avatar", &self.avatar)
            .field("commands", &self.commands)
            .field("meta", &self.meta)
            .field("secret", &self.secret.as_ref().map(|_| Hidden))
            .field("created_by", &self.created_by)
            .field("updated_by", &self.updated_by)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}

impl fmt::Debug for v2::CreateTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateTokenRequest")
            .field("email", &self.email)
            .field("password", &self.password.as_ref().map(|_| Hidden))
            .field("client_id", &self.client_id)
            .field("refresh_token", &self.refresh_token.as_ref().map(|_| Hidden))
            .finish()
    }
}

impl fmt::Debug for v2::RefreshTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokenRequest")
            .field("refresh_token", &Hidden)
            .finish()
    }
}

impl fmt::Debug for v2::ServiceParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceParams")
            .field("jid", &self.jid)
            .field("password", &self.password.as_ref().map(|_| Hidden))
            .field("host", &self.host)
            .field("port", &self.port)
            .field("intercom_app_id", &self.intercom_app_id)
            .field("intercom_access_token", &self.intercom_access_token.as_ref().map(|_| Hidden))
            .field("intercom_assignee_id", &self.intercom_assignee_id)
            .field("app_id", &self.app_id)
            .field("key_id", &self.key_id)
            .field("secret", &self.secret.as_ref().map(|_| Hidden))
            .field("advanced", &self.advanced)
            .field("location", &self.location)
            .field("privacy", &self.privacy)
            .field("welcome_message", &self.welcome_message)
            .field("starter", &self.starter)
            .field("start_time", &self.start_time)
            .field("end_time", &self.end_time)
            .field("start_day", &self.start_day)
            .field("end_day", &self.end_day)
            .field("step", &self.step)
            .field("url", &self.url)
            .field("scopes", &self.scopes)
            .field("other", &self.other.as_ref().map(|_| Hidden))
            .finish()
    }
}

impl fmt::Debug for v2::Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("token_type", &self.token_type)
            .field("token", &self.token.as_ref().map(|_| Hidden))
            .field("refresh_token", &self.refresh_token.as_ref().map(|_| Hidden))
            .field("user", &self.user)
            .field("organization", &self.organization)
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .finish()
    }
}

impl fmt::Debug for v2::User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("family_name", &self.family_name)
            .field("given_name", &self.given_name)
            .field("additional_name", &self.additional_name)
            .field("display_name", &self.display_name)
            .field("email", &self.email)
            .field("phone", &self.phone)
            .field("password", &self.password.as_ref().map(|_| Hidden))
            .field("avatar", &self.avatar)
            .field("organization", &self.organization)
            .field("role", &self.role)
            .field("settings", &self.settings)
            .field("meta", &self.meta)
            .field("status", &self.status)
            .field("api_token", &self.api_token.as_ref().map(|_| Hidden))
            .field("last_login", &self.last_login)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}
