//! Users.

use proto::access::v1::{CreateUserRequest, ListUsersRequest, UpdateUserRequest, User};

use super::{
    Admins, PAGE,
    cli::{Of, UserTask},
    mask, refused, say, user, words,
};

pub(super) async fn run(
    task: &UserTask,
    password: String,
    mut access: Admins,
) -> anyhow::Result<()> {
    match task {
        UserTask::Create { tenant, email, scopes } => {
            let new = User {
                tenant_id: tenant.clone(),
                email: email.clone(),
                scopes: words(scopes),
                ..User::default()
            };
            let message = CreateUserRequest { user: Some(new), password };
            say(&user(
                access.create_user(message).await.map_err(|status| refused(&status))?.get_ref(),
            ))
        }
        UserTask::List { tenant } => list(access, tenant).await,
        UserTask::Disable(of) => update(access, one(of), "active", String::new()).await,
        UserTask::Enable(of) => {
            update(access, User { active: true, ..one(of) }, "active", String::new()).await
        }
        UserTask::Scopes { of, scopes } => {
            let changed = User { scopes: words(scopes), ..one(of) };
            update(access, changed, "scopes", String::new()).await
        }
        UserTask::Password(of) => update(access, one(of), "password", password).await,
    }
}

fn one(of: &Of) -> User {
    User { tenant_id: of.tenant.clone(), user_id: of.id.clone(), ..User::default() }
}

async fn list(mut access: Admins, tenant: &str) -> anyhow::Result<()> {
    let mut page_token = String::new();
    loop {
        let tenant_id = tenant.to_owned();
        let message = ListUsersRequest { tenant_id, page_size: PAGE, page_token };
        let page =
            access.list_users(message).await.map_err(|status| refused(&status))?.into_inner();
        page.users.iter().try_for_each(|one| say(&user(one)))?;
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

async fn update(
    mut access: Admins,
    changed: User,
    path: &str,
    password: String,
) -> anyhow::Result<()> {
    let message =
        UpdateUserRequest { user: Some(changed), password, update_mask: Some(mask(path)) };
    say(&user(access.update_user(message).await.map_err(|status| refused(&status))?.get_ref()))
}
