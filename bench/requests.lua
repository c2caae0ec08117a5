-- What wrk sends: METHOD, with the cookies in the file COOKIES, one after the other; with FRESH=1 each to another address. Prints one line that the benchmark reads.

local cookies = {}
for cookie in io.lines(os.getenv("COOKIES")) do
  cookies[#cookies + 1] = cookie
end

wrk.method = os.getenv("METHOD")
-- As a script's request: the answer is JSON, not a redirect.
wrk.headers["Accept"] = wrk.method == "POST" and "application/json" or "text/html"
wrk.headers["Content-Type"] = wrk.method == "POST" and "application/x-www-form-urlencoded" or nil

local made = {}
local next = 0
local count = 0
-- Each request has an address of its own.
local fresh = os.getenv("FRESH") == "1"

function init()
  for place, cookie in ipairs(cookies) do
    wrk.headers["Cookie"] = cookie ~= "" and cookie or nil
    made[place] = wrk.format(wrk.method)
  end
end

function request()
  next = next % #made + 1
  if fresh then
    count = count + 1
    return (made[next]:gsub("HTTP", "?again=" .. count .. " HTTP", 1):gsub(" %?", "?", 1))
  end
  return made[next]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "result %d %d %d %d %d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
