# The analyses of a trial by R: MMRM (nlme::gls and mmrm::mmrm), ANCOVA (lm), responders (prop.test),
# time to loss of response (survival). Run by regenerate.sh, which says what is needed.

if (nzchar(Sys.getenv("MMRM_LIB"))) .libPaths(c(Sys.getenv("MMRM_LIB"), .libPaths()))
suppressPackageStartupMessages({ library(nlme); library(survival); library(mmrm) })
set.seed(20261125, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

# Numbers with 17 digits, so that reading them gives back the same double; a matrix is a list of its rows.
json <- function(x) {
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, function(r) json(many(r))), collapse = ",\n"), "]"))
  if (is.list(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(inner, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(x), '":', inner, collapse = ",\n"), "}"))
  }
  one <- if (is.character(x)) paste0('"', x, '"') else ifelse(is.finite(x), sprintf("%.17g", x), "null")
  if (length(one) == 1 && is.null(attr(x, "list"))) one else paste0("[", paste(one, collapse = ","), "]")
}
many <- function(x) structure(as.vector(x), list = TRUE)
write <- function(name, what) cat(json(what), "\n", sep = "", file = file.path("fixtures", paste0(name, ".json")))

# Trials: a list of scores (patients x visits, NA where missing), arm 0/1, baseline.
made <- function(per_arm, visits, dropout = 0, gaps = 0, rho = 0.6, effect = -5, growing = FALSE) {
  n <- 2 * per_arm
  lag <- abs(outer(0:visits, 0:visits, "-"))
  sd <- if (growing) seq(6, 16, length.out = visits + 1) else rep(10, visits + 1)
  y <- matrix(rnorm(n * (visits + 1)), n) %*% chol(rho^lag * outer(sd, sd))
  arm <- rep(0:1, each = per_arm)
  scores <- sweep(y[, -1] + 40 + outer(arm, effect * seq_len(visits) / visits), 2, 2 * seq_len(visits))
  for (v in seq_len(visits)[-1]) {  # dropout at random given the last score seen
    leaves <- runif(n) < dropout * 2 * plogis((scores[, v - 1] - 38) / 10)
    scores[which(leaves | is.na(scores[, v - 1])), v:visits] <- NA
  }
  scores[matrix(runif(length(scores)) < gaps, n)] <- NA
  list(scores = round(scores, 3), arm = arm, baseline = round(y[, 1] + 45, 3))
}
wide <- function(d, id, time, y, times) {
  found <- sapply(times, function(t) { at <- d[d[[time]] == t, ]; at[[y]][match(unique(d[[id]]), at[[id]])] })
  unname(found)
}
ortho <- wide(Orthodont, "Subject", "age", "distance", c(8, 10, 12, 14))
chicks <- subset(as.data.frame(ChickWeight), Diet %in% c("1", "3"))
chick <- wide(chicks, "Chick", "Time", "weight", c(0, 4, 8, 12, 16, 20))
fev <- as.data.frame(fev_data)
first <- function(d, id, column) d[[column]][match(unique(d[[id]]), d[[id]])]
DATA <- list(
  complete = made(30, 4), dropout = made(30, 4, dropout = 0.12), gaps = made(25, 5, gaps = 0.12),
  both = made(40, 5, dropout = 0.08, gaps = 0.06, rho = 0.8), growing = made(35, 4, dropout = 0.1, growing = TRUE),
  small = made(9, 3, gaps = 0.08), two = made(20, 2, dropout = 0.2), trial = made(60, 8, dropout = 0.04, gaps = 0.02),
  orthodont = list(scores = ortho[, -1], arm = as.integer(first(Orthodont, "Subject", "Sex") == "Female"), baseline = ortho[, 1]),
  chickweight = list(scores = chick[, -1], arm = as.integer(first(chicks, "Chick", "Diet") == "3"), baseline = chick[, 1]),
  fev = list(scores = wide(fev, "USUBJID", "AVISIT", "FEV1", levels(fev$AVISIT)),
             arm = as.integer(first(fev, "USUBJID", "ARMCD") == "TRT"), baseline = first(fev, "USUBJID", "FEV1_BL")))
NOTES <- list(
  complete = "generated, seed in the script: nothing missing", dropout = "generated: dropout by the last score",
  gaps = "generated: single visits missing", both = "generated: dropout and single visits missing",
  growing = "generated: the spread grows, dropout", small = "generated: 9 per arm", two = "generated: two visits",
  trial = "generated: 60 per arm, 8 visits",
  orthodont = "R nlme Orthodont (Potthoff and Roy 1964): baseline age 8, visits 10, 12, 14; active: girls",
  chickweight = "R datasets ChickWeight (Crowder and Hand 1990): diet 3 against 1, days 4 to 20 by 4, baseline day 0; chicks that died",
  fev = "R mmrm fev_data (simulated, Apache 2.0): FEV1 at four visits, TRT against PBO")

fitted_by <- function(name) {
  d <- DATA[[name]]
  n <- nrow(d$scores); V <- ncol(d$scores)
  long <- data.frame(y = as.vector(d$scores), id = factor(rep(seq_len(n), V)), visit = factor(rep(seq_len(V), each = n)),
                     number = rep(seq_len(V), each = n), arm = rep(d$arm, V), base = rep(d$baseline, V))
  long <- long[!is.na(long$y), ]
  long <- long[order(long$id, long$number), ]
  at <- paste0("visit", seq_len(V), ":arm")
  formula <- y ~ 0 + visit + visit:arm + visit:base
  tight <- glsControl(maxIter = 500, msMaxIter = 5000, tolerance = 1e-11, msTol = 1e-15, opt = "optim")
  g <- gls(formula, data = long, method = "REML", control = tight, correlation = corSymm(form = ~ number | id),
           weights = varIdent(form = ~ 1 | visit))
  ratio <- coef(g$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[as.character(seq_len(V))]
  full <- as.matrix(corMatrix(g$modelStruct$corStruct)[[names(which.max(table(long$id)))]])
  if (nrow(full) < V) stop("no patient of ", name, " was seen at every visit")
  covariance <- unname(full * outer(ratio, ratio) * g$sigma^2)
  out <- list(data = name, note = NOTES[[name]], scores = d$scores, arm = many(d$arm), baseline = many(d$baseline),
              gls = list(estimate = many(coef(g)[at]), se = many(sqrt(diag(vcov(g)))[at]),
                         loglik = as.numeric(logLik(g)), covariance = covariance))
  for (method in c("Satterthwaite", "Kenward-Roger-Linear")) {
    m <- mmrm(update(formula, ~ . + us(visit | id)), data = long, reml = TRUE,
              control = mmrm_control(method = if (method == "Satterthwaite") method else "Kenward-Roger",
                                     vcov = if (method == "Satterthwaite") "Asymptotic" else method,
                                     optimizer = "BFGS", optimizer_control = list(reltol = 1e-16, maxit = 10000)))
    row <- lapply(match(at, names(coef(m))), function(i) df_1d(m, as.numeric(seq_along(coef(m)) == i)))
    take <- function(field) many(vapply(row, function(r) as.numeric(r[[field]]), 0))
    out[[c(Satterthwaite = "satterthwaite", `Kenward-Roger-Linear` = "kenward-roger")[[method]]]] <- list(
      estimate = take("est"), se = take("se"), df = take("df"), p = take("p_val"), loglik = as.numeric(logLik(m)),
      covariance = unname(as.matrix(VarCorr(m))))
  }
  ancova <- lapply(seq_len(V), function(v) {
    fit <- lm(d$scores[, v] ~ d$arm + d$baseline)
    range <- confint(fit)[2, ]
    row <- coef(summary(fit))[2, ]
    list(estimate = row[[1]], se = row[[2]], df = fit$df.residual, p = row[[4]], low = range[[1]], high = range[[2]])
  })
  out$ancova <- unname(ancova)
  out
}
write("mmrm", list(cases = lapply(names(DATA), fitted_by)))

# Responders: Wald interval and chi-square by prop.test, hybrid score interval from its one-sample Wilson intervals.
wilson <- function(x, n, level) prop.test(x, n, correct = FALSE, conf.level = level)$conf.int
COUNTS <- list(c(56, 70, 48, 80), c(9, 10, 3, 10), c(10, 15, 3, 15), c(5, 56, 0, 29), c(10, 10, 0, 10), c(30, 60, 30, 60), c(1, 40, 2, 35))
write("responders", list(cases = unlist(lapply(c(0.95, 0.9), function(level) lapply(COUNTS, function(k) suppressWarnings({
  both <- prop.test(k[c(1, 3)], k[c(2, 4)], correct = FALSE, conf.level = level)
  a <- wilson(k[1], k[2], level); b <- wilson(k[3], k[4], level)
  pa <- k[1] / k[2]; pb <- k[3] / k[4]
  list(counts = many(k), level = level, p = both$p.value, wald = many(both$conf.int),
       newcombe = many(pa - pb + c(-sqrt((pa - a[1])^2 + (b[2] - pb)^2), sqrt((a[2] - pa)^2 + (pb - b[1])^2))))
}))), recursive = FALSE)))

# Time to event: two groups, event 1 or censored 0.
lost <- function(n, scale, end, whole = FALSE) {
  t <- rexp(n, 1 / scale); if (whole) t <- ceiling(t)
  list(time = pmin(t, end), event = as.integer(t <= end))
}
joined <- function(a, b) list(time = c(a$time, b$time), event = c(a$event, b$event), arm = rep(1:0, c(length(a$time), length(b$time))))
TIMES <- list(
  aml = with(aml, list(time = time, event = status, arm = as.integer(x == "Maintained"))),
  veteran = with(veteran, list(time = time, event = status, arm = as.integer(trt == 2))),
  lung = with(lung, list(time = time, event = status - 1, arm = as.integer(sex == 2))),
  ovarian = with(ovarian, list(time = futime, event = fustat, arm = as.integer(rx == 2))),
  weeks = joined(lost(40, 9, 12, TRUE), lost(40, 4, 12, TRUE)), late = joined(lost(20, 60, 12), lost(20, 40, 12)),
  exact = list(time = c(1, 2, 3, 4, 1, 2, 5, 6), event = c(1, 1, 1, 1, 1, 1, 0, 1), arm = c(1, 1, 1, 1, 0, 0, 0, 0)))
write("survival", list(cases = lapply(names(TIMES), function(name) {
  d <- TIMES[[name]]
  test <- survdiff(Surv(time, event) ~ arm, data = d)
  median_of <- function(kind) lapply(1:0, function(a) {
    fit <- survfit(Surv(time, event) ~ 1, data = as.data.frame(d)[d$arm == a, ], conf.type = kind)
    q <- quantile(fit, 0.5)
    many(c(q$quantile, q$lower, q$upper))
  })
  list(data = name, time = many(d$time), event = many(d$event), arm = many(d$arm), chisq = test$chisq,
       p = pchisq(test$chisq, 1, lower.tail = FALSE), observed = many(rev(test$obs)), expected = many(rev(test$exp)),
       log = median_of("log"), `log-log` = median_of("log-log"))
})))

rows <- vapply(c("nlme", "mmrm", "survival"), function(p) sprintf('  "%s": "%s"', p, packageDescription(p)$Version), "")
cat("{\n", paste(c(sprintf('  "R": "%s.%s"', R.version$major, R.version$minor), rows), collapse = ",\n"), "\n}\n", sep = "", file = "versions.json")
