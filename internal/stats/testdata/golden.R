# Writes what R computes of samples.tsv: Rscript golden.R >r.tsv
numbers <- function(text) as.numeric(strsplit(text, ",")[[1]])
say <- function(sample, statistic, value) cat(sprintf("%s\t%s\t%.15g\n", sample, statistic, value))
cat(sprintf("# %s\n", R.version.string))
rows <- read.delim("samples.tsv", header = FALSE, colClasses = "character", quote = "")
for (i in seq_len(nrow(rows))) {
  name <- rows[i, 1]; x <- numbers(rows[i, 2]); y <- numbers(rows[i, 3])
  q <- quantile(x, c(.1, .25, .5, .75, .95), type = 7)
  for (p in names(q)) say(name, paste0("percentile ", sub("%", "", p)), q[[p]])
  say(name, "mean", mean(x))
  say(name, "stddev", sd(x))
  tied <- anyDuplicated(c(x, y)) > 0
  if (!tied && length(c(x, y)) <= 100) {
    say(name, "p exact", wilcox.test(x, y, exact = TRUE)$p.value)
    if (choose(length(c(x, y)), length(x)) >= 40) { # fewer have no interval of 95 %
      ci <- wilcox.test(y, x, exact = TRUE, conf.int = TRUE)$conf.int
      say(name, "shift low", ci[1]); say(name, "shift high", ci[2])
    }
  }
  say(name, "p normal", wilcox.test(x, y, exact = FALSE, correct = TRUE)$p.value)
}
