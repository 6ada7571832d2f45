-- Requests are forgotten after some weeks (kit::idempotency::forget), not kept for ever.
grant delete on requests to kit_service;
create index requests_by_time on requests (create_time);
