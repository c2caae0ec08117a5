-- The requests of wrk: METHOD, with each of the cookies in the file COOKIES in turn. Prints a line for the benchmark.

local cookies = {}
for cookie in io.lines(os.getenv("COOKIES")) do
  cookies[#cookies + 1] = cookie
end

wrk.method = os.getenv("METHOD")
-- Requests JSON instead of a redirect.
wrk.headers["Accept"] = wrk.method == "POST" and "application/json" or "text/html"
wrk.headers["Content-Type"] = wrk.method == "POST" and "application/x-www-form-urlencoded" or nil

local prepared = {}
local next = 0

function init()
  for place, cookie in ipairs(cookies) do
    wrk.headers["Cookie"] = cookie ~= "" and cookie or nil
    prepared[place] = wrk.format(wrk.method)
  end
end

function request()
  next = next % #prepared + 1
  return prepared[next]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "result %d %d %d %d %d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
