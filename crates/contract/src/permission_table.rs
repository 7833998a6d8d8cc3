//! The page of the permission table.

use std::fmt::Write as _;

use crate::{catalogue::catalogue, permission::Permission, role::Role};

/// The permission table as a page in Markdown.
pub fn permission_table() -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         Generated from the contract; a test prints the command to update it.\n\n\
         A caller acts in one organization, with one role. The columns tell the least role\n\
         that an operation needs, by the organization that the thing belongs to which it is\n\
         about: the caller's own or one below it. What belongs to an organization above the\n\
         caller's, beside it or in another tree, and is not shared with the caller's, does\n\
         not exist for the caller: it is answered with 404, is not in lists, and cannot be\n\
         referred to. The roles are, from least to most: guest, agent, bot, admin, owner.\n\
         Whoever has too small a role is answered with 403.\n\n\
         | operation | oneself | own | below | above, foreign |\n|---|---|---|---|---|\n",
    );
    for operation in catalogue() {
        let role = |least: Role| least.to_string();
        let none = || "–".to_owned();
        let (oneself, own, below, elsewhere) = match operation.permission {
            Permission::Nobody => {
                let anybody = || "no token".to_owned();
                (anybody(), anybody(), anybody(), anybody())
            }
            Permission::Oneself(least) => (role(least), none(), none(), none()),
            Permission::Within(least) => (role(least), role(least), role(least), none()),
            Permission::WithinOrOneself(oneself, least) => {
                (role(oneself), role(least), role(least), none())
            }
            Permission::Below(least) => (none(), none(), role(least), none()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {} | {oneself} | {own} | {below} | {elsewhere} |",
            operation.id
        );
    }
    page.push_str(
        "\nBesides, nobody changes a user whose role is above their own or grants such a role,\n\
         nobody changes a user who is also a member of an organization that they do not\n\
         manage, and an organization keeps an owner. Guests, agents and bots see no secrets\n\
         among the parameters of a service; guests and agents see nothing that configures a\n\
         bot or an instance of one, and not how an organization is billed.\n\n\
         A bot whose `audience` shares it, and a form that has a tag of an organization below\n\
         its own, are seen by those that they are shared with as well. These can list and get\n\
         them and refer to them. Whoever wants to change or delete them is answered with\n\
         403.\n",
    );
    page
}
