use prost_types::FieldMask;
use proto::customer::v1::{Address, CreateCustomerRequest, Customer, UpdateCustomerRequest};
use proto::r#type::v1::VerificationStatus;
use tonic::{Code, Status};
use types::CustomerId;

use crate::support::{Setup, acme, bad_fields, joe, reason, setup};

fn request(customer: Customer, paths: &[&str]) -> UpdateCustomerRequest {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    UpdateCustomerRequest {
        customer: Some(customer),
        update_mask: Some(FieldMask { paths }),
        ..Default::default()
    }
}

async fn update(setup: &mut Setup, change: Customer, paths: &[&str]) -> Result<Customer, Status> {
    let request = setup.caller.request(request(change, paths));
    Ok(setup.client.update_customer(request).await?.into_inner())
}

#[tokio::test]
async fn a_partial_address_changes_only_its_given_lines() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();
    let address = Address { city: "Leeds".into(), ..Default::default() };
    let change = Customer {
        customer_id: created.customer_id.clone(),
        address: Some(address),
        ..Default::default()
    };

    let updated = update(&mut setup, change, &["address.city"]).await.unwrap();

    let expected = Address { city: "Leeds".into(), ..created.address.unwrap() };
    assert_eq!(updated.address.unwrap(), expected);
    assert_eq!(updated.details_version, 1);
}

#[tokio::test]
async fn a_new_name_birthday_or_country_makes_a_new_version_of_the_details() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();
    let customer_id = created.customer_id;
    let address = Some(Address { iso_country: "IE".into(), ..Default::default() });
    let name = Customer {
        customer_id: customer_id.clone(),
        last_name: "Blogs".into(),
        date_of_birth: "1988-10-04".into(),
        address,
        ..Default::default()
    };

    for (version, path) in [(2, "last_name"), (3, "date_of_birth"), (4, "address.iso_country")] {
        let updated = update(&mut setup, name.clone(), &[path]).await.unwrap();
        assert_eq!(updated.details_version, version, "{path}");
        assert_eq!(updated.verification_status(), VerificationStatus::Unverified);
    }
}

#[tokio::test]
async fn setting_what_is_already_so_changes_nothing() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();
    let same = Customer { customer_id: created.customer_id.clone(), ..joe() };
    let same = Customer { active: true, ..same };

    let updated = update(&mut setup, same, &["first_name", "address", "phone", "active"]).await;

    assert_eq!(updated.unwrap(), created);
}

#[tokio::test]
async fn a_customer_is_disabled_and_enabled_again() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let disable = Customer { customer_id: customer_id.clone(), ..Default::default() };
    let enable = Customer { customer_id, active: true, ..Default::default() };

    let disabled = update(&mut setup, disable, &["active"]).await.unwrap();
    let enabled = update(&mut setup, enable, &["active"]).await.unwrap();

    assert!(!disabled.active);
    assert!(enabled.active);
}

#[tokio::test]
async fn what_the_type_of_customer_forbids_is_told_with_everything_else() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let change = Customer {
        customer_id,
        company_name: "Acme".into(),
        first_name: String::new(),
        email: "nobody".into(),
        ..Default::default()
    };

    let refused = update(&mut setup, change, &["company_name", "first_name", "email", "name"])
        .await
        .unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        bad_fields(&refused),
        ["customer.company_name", "customer.email", "customer.first_name", "update_mask"]
    );
}

#[tokio::test]
async fn a_phone_number_is_read_by_the_country_on_record() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let change = Customer { customer_id, phone: "020 3982 6580".into(), ..Default::default() };

    let updated = update(&mut setup, change, &["phone"]).await.unwrap();

    assert_eq!(updated.phone, "020 3982 6580");
}

#[tokio::test]
async fn an_optional_field_is_emptied_by_naming_it() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let change = Customer { customer_id, ..Default::default() };

    let updated = update(&mut setup, change, &["email", "phone"]).await.unwrap();

    assert_eq!((updated.email.as_str(), updated.phone.as_str()), ("", ""));
}

#[tokio::test]
async fn an_empty_mask_and_an_unknown_customer_are_refused() {
    let mut setup = setup().await;
    let nobody = Customer { customer_id: CustomerId::new().to_string(), ..acme() };

    let empty = update(&mut setup, nobody.clone(), &[]).await.unwrap_err();
    let bad_first =
        update(&mut setup, Customer { phone: "x".into(), ..nobody.clone() }, &["phone"])
            .await
            .unwrap_err();
    let missing = update(&mut setup, nobody, &["company_name"]).await.unwrap_err();

    assert_eq!(bad_fields(&empty), ["update_mask"]);
    assert_eq!(bad_fields(&bad_first), ["customer.phone"]);
    assert_eq!(reason(&missing), "CUSTOMER_NOT_FOUND");
}

#[tokio::test]
async fn a_retried_update_does_not_undo_what_came_after_it() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let leeds = Address { city: "Leeds".into(), ..Default::default() };
    let york = Address { city: "York".into(), ..Default::default() };
    let change = |address| Customer {
        customer_id: customer_id.clone(),
        address: Some(address),
        ..Default::default()
    };
    let first = UpdateCustomerRequest {
        request_id: "move".into(),
        ..request(change(leeds), &["address.city"])
    };

    setup.client.update_customer(setup.caller.request(first.clone())).await.unwrap();
    let now = update(&mut setup, change(york), &["address.city"]).await.unwrap();
    let retried = setup.client.update_customer(setup.caller.request(first)).await.unwrap();

    assert_eq!(retried.metadata().get(kit::caller::REPLAYED).unwrap(), "true");
    assert_eq!(now.address.as_ref().unwrap().city, "York");
    assert_eq!(retried.into_inner(), now);
}

#[tokio::test]
async fn no_personal_data_is_kept_with_a_request_id() {
    let mut setup = setup().await;
    let create = CreateCustomerRequest {
        request_id: "create".into(),
        customer: Some(joe()),
        ..Default::default()
    };
    let created = setup.client.create_customer(setup.caller.request(create)).await.unwrap();
    let customer_id = created.into_inner().customer_id;
    let change = Customer { customer_id: customer_id.clone(), ..acme() };
    let change = UpdateCustomerRequest {
        request_id: "update".into(),
        ..request(Customer { last_name: "Smith".into(), ..change }, &["last_name"])
    };
    setup.client.update_customer(setup.caller.request(change)).await.unwrap();

    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("select response from requests").fetch_all(&setup.pool).await.unwrap();

    assert_eq!(kept, vec![prost::Message::encode_to_vec(&customer_id); 2]);
}
