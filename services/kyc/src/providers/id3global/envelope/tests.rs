use types::VerificationId;

use super::*;
use crate::providers::{
    Address, Images,
    account::{Adapter, Verdicts},
};

fn account() -> Account {
    Account {
        adapter: Adapter::Id3Global,
        name: "joe & co".to_owned(),
        profile: "d1546e85-9241-4674-a6ff-6bde0b7b89c8".to_owned(),
        profile_version: "0".to_owned(),
        verdicts: Verdicts::of(Adapter::Id3Global, []),
    }
}

fn submission() -> Submission {
    let subject = Subject {
        first_name: "Zoë".to_owned(),
        middle_name: String::new(),
        last_name: "</Surname><Surname>O'Neill & \"Sons\"".to_owned(),
        company_name: String::new(),
        date_of_birth: "1988-10-03".to_owned(),
        address: Address { iso_country: "GB".to_owned(), ..Address::default() },
    };
    let images = Images::default();
    Submission { verification: VerificationId::new(), attempt: 1, subject, images }
}

#[test]
fn what_goes_in_is_escaped() {
    let written = write(&account(), &Secret::new("<p&ss>"), &submission(), &[]).unwrap();

    let written = String::from_utf8(written).unwrap();
    assert!(written.contains("<o:Username>joe &amp; co</o:Username>"));
    assert!(written.contains("&lt;p&amp;ss&gt;</o:Password>"));
    assert!(written.contains("<Surname>&lt;/Surname&gt;&lt;Surname&gt;O"));
    assert!(written.contains("<DOBDay>03</DOBDay><DOBMonth>10</DOBMonth><DOBYear>1988</DOBYear>"));
    assert!(!written.contains("MiddleName") && !written.contains("Images"));
    assert_eq!(written.matches("<Surname>").count(), 1);
}

#[test]
fn the_band_of_the_result_counts_and_no_other() {
    let body = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
        <AuthenticateSPResponse xmlns='http://www.id3global.com/ID3gWS/2013/04'>\
        <AuthenticateSPResult><ResultCodes><BandText>PASS</BandText></ResultCodes>\
        <BandText> Refer </BandText></AuthenticateSPResult>\
        </AuthenticateSPResponse></s:Body></s:Envelope>";

    assert_eq!(read(body.as_bytes()), Ok(Reply::Band("Refer".to_owned())));
}

#[test]
fn images_are_named_before_everything_else() {
    let names = ["one".to_owned(), "<two>".to_owned()];
    let written = write(&account(), &Secret::new("x"), &submission(), &names).unwrap();

    let written = String::from_utf8(written).unwrap();
    assert!(written.contains(
        "<InputData><Images><GlobalImage><AuthenticationID>one</AuthenticationID></GlobalImage>\
         <GlobalImage><AuthenticationID>&lt;two&gt;</AuthenticationID></GlobalImage></Images>\
         <Personal>"
    ));
}

#[test]
fn an_image_is_called_what_the_upload_says() {
    let body = "<s:Envelope xmlns:s='x'><s:Body><UploadAndProcessResponse xmlns='y'>\
        <UploadAndProcessResult><OrgID>0</OrgID><AuthenticationID>5f1</AuthenticationID>\
        <ExtractedData/></UploadAndProcessResult></UploadAndProcessResponse></s:Body></s:Envelope>";

    assert_eq!(read(body.as_bytes()), Ok(Reply::Image("5f1".to_owned())));
}

#[test]
fn a_fault_is_told_by_its_code() {
    let body = "<s:Envelope xmlns:s='x'><s:Body><s:Fault><faultcode>a:FailedAuthentication\
        </faultcode><faultstring>Joe</faultstring></s:Fault></s:Body></s:Envelope>";

    assert_eq!(read(body.as_bytes()), Ok(Reply::Fault("a:FailedAuthentication".to_owned())));
}

#[test]
fn an_answer_that_is_none_is_refused() {
    let dtd = "<!DOCTYPE x [<!ENTITY a 'PASS'>]><AuthenticateSPResult><BandText>&a;</BandText>\
        </AuthenticateSPResult>";
    for body in ["", "<html>", "not XML", "<a></b>", "<AuthenticateSPResult/>", dtd] {
        assert!(read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_band_with_a_reference_in_it_is_not_the_band_without_it() {
    let band = |text: &str| {
        let body =
            format!("<AuthenticateSPResult><BandText>{text}</BandText></AuthenticateSPResult>");
        read(body.as_bytes())
    };

    for text in ["PA&x;SS", "PASS&#32;", "&amp;PASS"] {
        assert_ne!(band(text), Ok(Reply::Band("PASS".to_owned())), "{text}");
    }
    assert_eq!(band("<![CDATA[PASS]]>"), Ok(Reply::Band("PASS".to_owned())));
}
