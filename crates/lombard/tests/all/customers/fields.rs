//! What each field of a customer may hold, and how it is shown.

use serde_json::json;

use crate::{
    answers::{CREATE, bad, company, create, details, individual, with},
    stack::login,
};

#[tokio::test]
async fn texts_have_their_limits_in_characters() {
    let client = login().await;
    let one = with(individual(), "/middle_name", json!("B"));
    let acme = with(company(), "/address/number", json!("1"));
    for (body, pointer, most) in [
        (&one, "/first_name", 50),
        (&one, "/middle_name", 50),
        (&one, "/last_name", 50),
        (&acme, "/company_name", 100),
        (&acme, "/address/number", 11),
        (&acme, "/address/refinement", 100),
        (&acme, "/address/street", 100),
        (&acme, "/address/region", 100),
        (&acme, "/address/city", 100),
        (&acme, "/address/postal_code", 100),
    ] {
        let named = pointer.trim_start_matches('/').replace('/', ".");
        // Letters of one, two and four bytes, and one that is two characters until it is normalised.
        for letter in ["a", "ł", "𐐷", "e\u{301}"] {
            let greatest = json!(letter.repeat(most));
            let id = create(&client, &with(body.clone(), pointer, greatest)).await;
            let shown = details(&client, &id).await;
            let text = shown.pointer(pointer).unwrap().as_str().unwrap();
            assert_eq!(text.chars().count(), most, "{named}");

            let too_long = json!(letter.repeat(most + 1));
            let answer = client.post(CREATE, &with(body.clone(), pointer, too_long)).await;
            assert_eq!(bad(&answer), [named.as_str()]);
        }
        create(&client, &with(body.clone(), pointer, json!("7"))).await;
    }
}

#[tokio::test]
async fn texts_are_trimmed_and_normalised_and_take_letters_of_any_script() {
    let client = login().await;
    for (sent, shown) in [
        ("  Joe\t", "Joe"),
        ("Rene\u{301}e", "Ren\u{e9}e"),
        ("O'Brien-Smith", "O'Brien-Smith"),
        ("D’Arcy", "D’Arcy"),
        ("Łukasz Żółć", "Łukasz Żółć"),
        ("李小龍", "李小龍"),
        ("محمد", "محمد"),
        ("राम", "राम"),
        ("Suite 2, 4th Floor", "Suite 2, 4th Floor"),
        ("a,b.c-d_e'f’g/h&i(j)k#1", "a,b.c-d_e'f’g/h&i(j)k#1"),
    ] {
        let body = with(individual(), "/last_name", json!(sent));
        let id = create(&client, &with(body, "/address/street", json!(sent))).await;
        let details = details(&client, &id).await;
        assert_eq!(
            (&details["last_name"], &details["address"]["street"]),
            (&json!(shown), &json!(shown))
        );
    }
    for sent in [
        "<b>",
        "a\u{0}b",
        "a\nb",
        "a\u{7f}",
        "a;b",
        "a\"b",
        "a\\b",
        "a@b",
        "a=b",
        "a+b",
        "☺",
        "a\u{202e}b",
        "a\u{200b}b",
        "a%b",
        "1½",
    ] {
        let body = with(individual(), "/last_name", json!(sent));
        let answer = client.post(CREATE, &with(body, "/address/street", json!(sent))).await;
        assert_eq!(bad(&answer), ["address.street", "last_name"], "{sent:?}");
    }
}

#[tokio::test]
async fn a_house_number_is_a_text_or_an_integer_and_shown_as_text() {
    let client = login().await;
    for (sent, shown) in
        [(json!("2a"), "2a"), (json!(44), "44"), (json!(12_345_678_901_i64), "12345678901")]
    {
        let id = create(&client, &with(individual(), "/address/number", sent)).await;
        assert_eq!(details(&client, &id).await["address"]["number"], shown);
    }
    for sent in [
        json!(123_456_789_012_i64),
        json!("123456789012"),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(["1"]),
    ] {
        let answer = client.post(CREATE, &with(individual(), "/address/number", sent)).await;
        assert_eq!(bad(&answer), ["address.number"]);
    }
}

#[tokio::test]
async fn a_country_is_taken_in_any_case_and_shown_in_upper_case() {
    let client = login().await;
    for sent in ["gb", "Gb", "GB"] {
        let id = create(&client, &with(individual(), "/address/iso_country", json!(sent))).await;
        assert_eq!(details(&client, &id).await["address"]["iso_country"], "GB");
    }
    for sent in ["UK", "GBR", "826", "ZZ", "G", "England"] {
        let body = with(individual(), "/address/iso_country", json!(sent));
        assert_eq!(bad(&client.post(CREATE, &body).await), ["address.iso_country"], "{sent}");
    }
}

#[tokio::test]
async fn a_birth_is_a_real_day_of_the_last_130_years() {
    let client = login().await;
    // Far enough from midnight for both sides of it.
    let today = kit::time::now().date();
    let yesterday = today.previous_day().unwrap();
    let oldest = format!("{}-01-01", today.year() - 129);
    for day in [yesterday.to_string(), oldest, "2000-02-29".to_owned()] {
        let id = create(&client, &with(individual(), "/dob", json!(day))).await;
        assert_eq!(details(&client, &id).await["dob"], day);
    }
    let future = today.next_day().unwrap().next_day().unwrap().to_string();
    let too_old = format!("{}-01-01", today.year() - 131);
    for day in [
        future.as_str(),
        &too_old,
        "1988-02-30",
        "1999-02-29",
        "1988-13-01",
        "1988-00-10",
        "1988-1-1",
        "03-10-1988",
        "1988/10/03",
        "19881003",
        "1988-10-03 00:00:00",
        "0000-00-00",
        "88-10-03",
        "soon",
    ] {
        let answer = client.post(CREATE, &with(individual(), "/dob", json!(day))).await;
        assert_eq!(bad(&answer), ["dob"], "{day}");
    }
}

#[tokio::test]
async fn an_email_is_an_address_of_at_most_254_characters() {
    let client = login().await;
    let domain = format!("{}.{}.{}.com", "d".repeat(63), "e".repeat(63), "f".repeat(57));
    let longest = format!("{}@{domain}", "a".repeat(64));
    assert_eq!(longest.len(), 254);
    for email in [
        "a@b.uk",
        "Joe.Bloggs+1@Example.COM",
        "o'brien@example.co.uk",
        "jürgen@example.de",
        &longest,
    ] {
        let id = create(&client, &with(individual(), "/email", json!(email))).await;
        assert_eq!(details(&client, &id).await["email"], email);
    }
    let too_long = format!("{}@f{domain}", "a".repeat(64));
    for email in [
        "joe",
        "joe@",
        "@example.com",
        "joe@@example.com",
        "joe bloggs@example.com",
        "joe@example",
        "Joe <joe@example.com>",
        "joe@exa\nmple.com",
        "joe@example.com\u{0}",
        &too_long,
    ] {
        let answer = client.post(CREATE, &with(individual(), "/email", json!(email))).await;
        assert_eq!(bad(&answer), ["email"], "{email:?}");
    }
}

#[tokio::test]
async fn a_phone_is_a_number_of_the_country_or_international() {
    let client = login().await;
    let body = |country: &str, phone: &str| {
        let body = with(individual(), "/address/iso_country", json!(country));
        with(body, "/phone", json!(phone))
    };
    for (country, phone) in [
        ("GB", "+44(0)203 982 6580"),
        ("GB", "+44(0)7763270200"),
        ("GB", "44 0 203 982 6580"),
        ("GB", "020 3982 6580"),
        ("GB", "(020)-3982-6580"),
        ("DE", "+44 20 3982 6580"),
        ("FR", "01 42 68 53 00"),
        ("US", "(212) 555-2368"),
        ("IS", "5451234"),
        ("DE", "+1 (212) 555-2368"),
    ] {
        let id = create(&client, &body(country, phone)).await;
        assert_eq!(details(&client, &id).await["phone"], phone);
    }
    for (country, phone) in [
        ("GB", "123456"),
        ("GB", "+44 20 3982 6580 6580"),
        ("GB", "020 3982 6580 x1"),
        ("GB", "1234567"),
        ("GB", "+999 123 4567"),
        ("GB", "020.3982.6580"),
        ("GB", "0800 FLOWERS"),
        ("GB", "+++++++"),
        ("US", "020 3982 6580"),
    ] {
        let answer = client.post(CREATE, &body(country, phone)).await;
        assert_eq!(answer.0, 400, "{country} {phone}");
        assert_eq!(bad(&answer), ["phone"], "{country} {phone}");
    }
}
