//! Tenants.

use proto::access::v1::{CreateTenantRequest, ListTenantsRequest, Tenant, UpdateTenantRequest};

use super::{Admins, PAGE, cli::TenantTask, mask, refused, say, tenant};

pub(super) async fn run(task: &TenantTask, mut access: Admins) -> anyhow::Result<()> {
    match task {
        TenantTask::Create { name, requests_per_second } => {
            let requests_per_second = *requests_per_second;
            let new = Tenant { name: name.clone(), requests_per_second, ..Tenant::default() };
            let message = CreateTenantRequest { tenant: Some(new) };
            say(&tenant(
                access.create_tenant(message).await.map_err(|status| refused(&status))?.get_ref(),
            ))
        }
        TenantTask::List => list(access).await,
        TenantTask::Disable { id } => {
            let changed = Tenant { tenant_id: id.clone(), active: false, ..Tenant::default() };
            update(access, changed, "active").await
        }
        TenantTask::Enable { id } => {
            let changed = Tenant { tenant_id: id.clone(), active: true, ..Tenant::default() };
            update(access, changed, "active").await
        }
        TenantTask::Limit { id, requests_per_second } => {
            let (tenant_id, requests_per_second) = (id.clone(), *requests_per_second);
            let changed = Tenant { tenant_id, requests_per_second, ..Tenant::default() };
            update(access, changed, "requests_per_second").await
        }
    }
}

async fn list(mut access: Admins) -> anyhow::Result<()> {
    let mut page_token = String::new();
    loop {
        let message = ListTenantsRequest { page_size: PAGE, page_token };
        let page =
            access.list_tenants(message).await.map_err(|status| refused(&status))?.into_inner();
        page.tenants.iter().try_for_each(|one| say(&tenant(one)))?;
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

async fn update(mut access: Admins, changed: Tenant, path: &str) -> anyhow::Result<()> {
    let message = UpdateTenantRequest { tenant: Some(changed), update_mask: Some(mask(path)) };
    say(&tenant(access.update_tenant(message).await.map_err(|status| refused(&status))?.get_ref()))
}
