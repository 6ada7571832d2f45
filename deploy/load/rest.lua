-- One kind of request through REST, again and again. Arguments: METHOD PATH [BODY]
-- In BODY, `{n}` becomes a number that no other request has.
local thread_number = 0

function setup(thread)
  thread_number = thread_number + 1
  thread:set("thread_id", thread_number)
end

function init(args)
  method, path, template = args[1], args[2], args[3]
  sent = 0
  headers = { ["Authorization"] = "token " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json" }
end

function request()
  sent = sent + 1
  local body = template and template:gsub("{n}", thread_id * 10000000 + sent)
  return wrk.format(method, path, headers, body)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format(
    "result %d %.2f %.2f %d\n",
    summary.requests * 1000000 / summary.duration,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    failed))
end
