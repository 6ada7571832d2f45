//! The sandbox rail's own tables, which nobody else reads.

use std::time::Duration;

use sqlx::PgConnection;
use types::{PaymentId, Reference, Text};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
    payment_work::milliseconds,
    transfers::{amount, transfer_type},
};
use crate::{
    domain::{
        ledger::BankDetails,
        transfer::{NAME_LENGTH, OutsideParty},
    },
    error::Error,
    rails::{Arrival, Coming, Incoming, Instruction, Progress},
};

/// What is to become of a payment that is new.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision {
    /// How long until it is made.
    pub(crate) after: Duration,
    /// Why it is a no.
    pub(crate) rejection: Option<&'static str>,
    /// How long until the money comes back, where it does.
    pub(crate) returned_after: Option<Duration>,
    /// How many tries fail first.
    pub(crate) failing_tries: i32,
}

/// What became of giving the rail a payment.
#[derive(Debug)]
pub(crate) enum Given {
    Taken(Progress),
    Down,
    /// The id is that of another payment.
    Different,
}

/// Takes a payment, or finds it taken.
pub(crate) async fn take(
    conn: &mut PgConnection,
    instruction: &Instruction,
    decision: &Decision,
) -> Result<Given, Error> {
    let id = instruction.payment.uuid();
    let account = account(&instruction.creditor.account);
    let row = sqlx::query!(
        r#"
        insert into sandbox_rail_payments as p (
            payment_id, times_submitted, amount_minor, currency, creditor, taken, decision_time,
            rejection_reason
        )
        values (
            $1, 1, $2, $3, $4, $5 = 0,
            case when $5 = 0 then now() + $6::bigint * interval '1 millisecond' end, $7
        )
        on conflict on constraint sandbox_rail_payments_pkey do update
        set times_submitted = p.times_submitted + 1,
            taken = p.taken or p.times_submitted >= $5,
            decision_time = coalesce(
                p.decision_time,
                case when p.times_submitted >= $5
                    then now() + $6::bigint * interval '1 millisecond' end
            )
        returning
            times_submitted, taken,
            amount_minor = $2 and currency = $3 and creditor = $4 as "same!"
        "#,
        id,
        instruction.amount.minor(),
        instruction.amount.currency().code(),
        account,
        decision.failing_tries,
        milliseconds(decision.after),
        decision.rejection,
    )
    .fetch_one(&mut *conn)
    .await?;
    if !row.same {
        return Ok(Given::Different);
    }
    if !row.taken {
        return Ok(Given::Down);
    }
    if let Some(after) = decision.returned_after {
        plan_return(conn, id, decision.after.saturating_add(after)).await?;
    }
    let progress = progress(conn, instruction.payment).await?;
    Ok(Given::Taken(progress.ok_or_else(|| Error::corrupt("sandbox payment"))?))
}

/// Lets a payment come back later, once.
async fn plan_return(conn: &mut PgConnection, payment: Uuid, after: Duration) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into sandbox_rail_incoming (rail_reference, due_time, returned_payment_id)
        values ('return-' || $1::uuid, now() + $2::bigint * interval '1 millisecond', $1)
        on conflict on constraint sandbox_rail_incoming_pkey do nothing
        ",
        payment,
        milliseconds(after),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far a payment has come; none where the rail was not given it.
pub(crate) async fn progress(
    conn: &mut PgConnection,
    payment: PaymentId,
) -> Result<Option<Progress>, Error> {
    let row = sqlx::query!(
        r#"
        select
            rejection_reason,
            greatest(ceil(extract(epoch from decision_time - clock_timestamp()) * 1000), 0)::bigint
                as "left_ms!"
        from sandbox_rail_payments
        where payment_id = $1 and taken
        "#,
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| match (u64::try_from(row.left_ms), row.rejection_reason) {
        (Ok(left_ms @ 1..), _) => Progress::Pending(Duration::from_millis(left_ms)),
        (Ok(0) | Err(_), Some(reason)) => Progress::Rejected(reason),
        (Ok(0) | Err(_), None) => Progress::Settled,
    }))
}

/// What is due and not acknowledged, oldest first.
pub(crate) async fn incoming(
    conn: &mut PgConnection,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Incoming>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select
            rail_reference, returned_payment_id, type as payment_type, amount_minor, currency,
            reference, creditor_sort_code, creditor_account_number, creditor_iban, debtor_name,
            debtor_sort_code, debtor_account_number, debtor_iban
        from sandbox_rail_incoming
        where acknowledge_time is null and due_time <= now()
            and (
                $2::text is null
                or (due_time, rail_reference) > (
                    select due_time, rail_reference from sandbox_rail_incoming
                    where rail_reference = $2
                )
            )
        order by due_time, rail_reference
        limit $1
        ",
        limit,
        after,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Incoming::try_from).collect()
}

/// Notes that something is in the books.
pub(crate) async fn acknowledge(conn: &mut PgConnection, reference: &str) -> Result<(), Error> {
    sqlx::query!(
        "
        update sandbox_rail_incoming set acknowledge_time = now()
        where rail_reference = $1 and acknowledge_time is null
        ",
        reference,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn account(details: &BankDetails) -> String {
    match (&details.uk, &details.international) {
        (Some(uk), _) => format!("{} {}", uk.sort_code.as_str(), uk.account_number.as_str()),
        (None, Some(international)) => international.iban.as_str().to_owned(),
        (None, None) => String::new(),
    }
}

struct Row {
    rail_reference: String,
    returned_payment_id: Option<Uuid>,
    payment_type: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    reference: Option<String>,
    creditor_sort_code: Option<String>,
    creditor_account_number: Option<String>,
    creditor_iban: Option<String>,
    debtor_name: Option<String>,
    debtor_sort_code: Option<String>,
    debtor_account_number: Option<String>,
    debtor_iban: Option<String>,
}

impl Row {
    fn arrival(&self) -> Result<Arrival, Error> {
        let word = |text: &Option<String>| text.clone().unwrap_or_default();
        let (number, sort_code) = (&self.debtor_account_number, &self.debtor_sort_code);
        let sender = OutsideParty {
            name: kept("debtor name", Text::parse(&word(&self.debtor_name), NAME_LENGTH))?,
            account: BankDetails {
                uk: uk_account(sort_code.as_deref(), number.as_deref())?,
                international: international_account(self.debtor_iban.as_deref(), None)?,
            },
        };
        let (number, sort_code) = (&self.creditor_account_number, &self.creditor_sort_code);
        Ok(Arrival {
            kind: transfer_type(&word(&self.payment_type))?,
            amount: amount(self.amount_minor.unwrap_or_default(), &word(&self.currency))?,
            reference: kept("reference", Reference::parse(&word(&self.reference)))?,
            sender,
            account: BankDetails {
                uk: uk_account(sort_code.as_deref(), number.as_deref())?,
                international: international_account(self.creditor_iban.as_deref(), None)?,
            },
        })
    }
}

impl TryFrom<Row> for Incoming {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let what = match row.returned_payment_id {
            Some(payment) => Coming::Return(PaymentId::from_uuid(payment)),
            None => Coming::Payment(Box::new(row.arrival()?)),
        };
        Ok(Self { reference: row.rail_reference, what })
    }
}
