# Fixtures for the statistics of designs: bounds of group-sequential trials and classical power.
# Run by regenerate.sh in this folder. References: rpact, mvtnorm (Miwa's algorithm), stats, pwr.

options(warn = -1)  # Miwa takes 1000 for infinity and says so each time
suppressPackageStartupMessages({ library(rpact); library(mvtnorm); library(pwr) })

# Numbers with 17 digits, so that reading them gives back the same double; a matrix is a list of its rows.
json <- function(x) {
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, function(r) json(many(r))), collapse = ",\n"), "]"))
  if (is.list(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(inner, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(x), '":', inner, collapse = ",\n"), "}"))
  }
  one <- if (is.character(x)) paste0('"', x, '"') else if (is.logical(x)) tolower(as.character(x)) else
    ifelse(is.finite(x), sprintf("%.17g", x), "null")
  if (length(one) == 1 && is.null(attr(x, "list"))) one else paste0("[", paste(one, collapse = ","), "]")
}
many <- function(x) structure(as.vector(x), list = TRUE)
write <- function(name, what) cat(json(what), "\n", sep = "", file = file.path("fixtures", paste0(name, ".json")))

SHAPES <- c(obrien_fleming = "OF", pocock = "P", lan_demets_obrien_fleming = "asOF", lan_demets_pocock = "asP")
EQUAL <- function(k) seq_len(k) / k
LOOKS <- list(EQUAL(2), EQUAL(3), EQUAL(4), EQUAL(5), EQUAL(6), c(0.5, 0.75, 1), c(0.3, 0.6, 0.9, 1), c(0.2, 0.25, 1))
SIZE <- 100  # patients at the end; the drift is theta times its root
DRIFTS <- c(0, 1, 2, 3, 4)

design <- function(shape, looks, alpha, sides, futility = NULL, binding = FALSE, beta = 0.2) {
  given <- list(kMax = length(looks), informationRates = looks, alpha = alpha, sided = sides, beta = beta,
                typeOfDesign = SHAPES[[shape]], tolerance = 1e-10)
  if (!is.null(futility)) given <- c(given, list(futilityBounds = futility, bindingFutility = binding))
  do.call(getDesignGroupSequential, given)
}
case <- function(shape, looks, alpha, sides, futility = NULL, binding = FALSE) {
  made <- design(shape, looks, alpha, sides, futility, binding)
  under <- lapply(DRIFTS, function(drift) {
    found <- getPowerAndAverageSampleNumber(made, theta = drift / sqrt(SIZE), nMax = SIZE)
    out <- list(drift = drift, rejected = many(found$rejectPerStage), information = found$averageSampleNumber / SIZE)
    if (!is.null(futility)) out$futility <- many(found$futilityPerStage)
    out
  })
  inflated <- lapply(c(0.8, 0.9), function(power) {
    d <- design(shape, looks, alpha, sides, futility, binding, beta = 1 - power)
    list(power = power, inflation = getDesignCharacteristics(d)$inflationFactor)
  })
  list(shape = shape, looks = many(looks), alpha = alpha, sides = sides, futility = many(if (is.null(futility)) numeric(0) else futility),
       binding = binding, efficacy = many(made$criticalValues), spent = many(made$alphaSpent), under = under, inflated = inflated)
}
cases <- list()
for (shape in names(SHAPES)) for (looks in LOOKS) {
  cases <- c(cases, list(case(shape, looks, 0.05, 2)))
  if (length(looks) <= 4) cases <- c(cases, list(case(shape, looks, 0.01, 1)))
}
for (shape in names(SHAPES)) for (binding in c(FALSE, TRUE)) {
  cases <- c(cases, list(case(shape, c(0.5, 0.75, 1), 0.025, 1, c(0, 0.5), binding),
                         case(shape, EQUAL(4), 0.025, 1, c(-0.5, 0, 1), binding)))
}
write("bounds", list(cases = cases))

# Power from an interim look on: boxes of a normal distribution, by Miwa's algorithm.
# kind "drift": B(t') - B(t) has mean drift (t' - t); "predictive": the drift has its flat-prior posterior.
box <- function(low, high, mean, covariance) {
  as.numeric(pmvnorm(low, high, mean = mean, sigma = covariance, algorithm = Miwa(steps = 4097)))
}
later <- function(made, look, z, drift = NULL) {
  t <- made$informationRates; now <- t[look]; t <- t[-seq_len(look)]
  c <- made$criticalValues[-seq_len(look)] * sqrt(t); b <- z * sqrt(now)
  covariance <- outer(t, t, pmin) - now
  mean <- if (is.null(drift)) b * t / now else b + drift * (t - now)
  if (is.null(drift)) covariance <- covariance + outer(t - now, t - now) / now
  total <- 0
  for (k in seq_along(t)) {
    low <- if (made$sided == 2) -c else rep(-Inf, length(t))
    inside <- seq_len(k)
    l <- low[inside]; h <- c[inside]; l[k] <- c[k]; h[k] <- Inf
    total <- total + if (k == 1) pnorm(c[1], mean[1], sqrt(covariance[1, 1]), lower.tail = FALSE) else
      box(l, h, mean[inside], covariance[inside, inside])
  }
  total
}
onward <- list()
for (shape in c("obrien_fleming", "lan_demets_pocock")) for (looks in list(c(0.5, 1), EQUAL(3), EQUAL(4))) for (sides in 1:2) {
  made <- design(shape, looks, 0.025 * sides, sides)
  for (look in seq_len(min(2, length(looks) - 1))) for (z in c(-0.5, 0.8, 1.7)) {
    onward <- c(onward, list(list(
      shape = shape, looks = many(looks), alpha = 0.025 * sides, sides = sides, look = look, z = z,
      trend = later(made, look, z, z / sqrt(looks[look])), planned = later(made, look, z, 3), predictive = later(made, look, z))))
  }
}
write("onward", list(cases = onward))

# Classical power. power.t.test and power.prop.test count rejections in the true direction only (strict = FALSE).
means <- list()
for (n in c(2, 3, 10, 20, 64, 500)) for (d in c(0.2, 0.5, 0.8, 1.5)) for (sides in 1:2) for (alpha in c(0.05, 0.01)) {
  found <- power.t.test(n = n, delta = d, sd = 1, sig.level = alpha, alternative = c("one.sided", "two.sided")[sides])
  means <- c(means, list(list(active = n, control = n, difference = d, alpha = alpha, sides = sides, power = found$power)))
}
for (pair in list(c(20, 40), c(8, 24), c(90, 60))) for (d in c(0.3, 0.8)) {
  found <- pwr.t2n.test(n1 = pair[1], n2 = pair[2], d = d, alternative = "greater")
  means <- c(means, list(list(active = pair[1], control = pair[2], difference = d, alpha = 0.05, sides = 1, power = found$power)))
}
needed <- lapply(list(c(0.5, 0.8), c(0.5, 0.9), c(1, 0.9), c(0.2, 0.8)), function(x) {
  list(difference = x[1], power = x[2], patients = power.t.test(delta = x[1], power = x[2], tol = 1e-12)$n)
})
shares <- list()
for (n in c(20, 50, 120)) for (p in list(c(0.5, 0.75), c(0.67, 0.2), c(0.1, 0.05))) for (sides in 1:2) {
  found <- power.prop.test(n = n, p1 = p[1], p2 = p[2], alternative = c("one.sided", "two.sided")[sides])
  shares <- c(shares, list(list(patients = n, active = p[1], control = p[2], sides = sides, power = found$power)))
}
share_needed <- power.prop.test(p1 = 0.5, p2 = 0.75, power = 0.9, tol = 1e-12)$n
events <- list()
for (ratio in c(0.5, 0.7, 0.8)) for (allocation in c(1, 2)) for (power in c(0.8, 0.9)) {
  found <- getSampleSizeSurvival(hazardRatio = ratio, alpha = 0.05, sided = 2, beta = 1 - power, pi2 = 0.4, eventTime = 12,
                                 accrualTime = 12, followUpTime = 6, allocationRatioPlanned = allocation,
                                 typeOfComputation = "Schoenfeld")
  events <- c(events, list(list(hazard_ratio = ratio, allocation = allocation, power = power, events = found$eventsFixed)))
}
write("power", list(means = means, needed = needed, shares = shares, share_needed = share_needed, events = events))

rows <- vapply(c("rpact", "mvtnorm", "pwr"), function(p) sprintf('  "%s": "%s"', p, packageDescription(p)$Version), "")
cat("{\n", paste(c(sprintf('  "R": "%s.%s"', R.version$major, R.version$minor), rows), collapse = ",\n"), "\n}\n", sep = "", file = "versions-designs.json")
