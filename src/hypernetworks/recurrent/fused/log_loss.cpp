// The log-losses of rows of logits, and what becomes of these: what models/log_loss.py does with
// torch operations, while a row is in the core's cache. Called by models/log_loss.py.
//
// P predictions (rows), V symbols.
#include <algorithm>

#include "functions.h"

// losses (P) of following (P) by logits (P, V), to which bias (V) is added first. With sums
// (threads, V), to which the gradient of bias is added, the logits become their own gradients;
// without it (0) they hold nothing of use.
template <class S>
static void log_losses(int64_t rows, int64_t symbols, int64_t threads, const S *RESTRICT bias,
                       const int64_t *following, S *logits, S *losses, S *sums) {
    // A thread sums the gradients of its own rows: the same split, and the same sum, every time.
    const int64_t share = (rows + threads - 1) / threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t k = 0; k < threads; ++k) {
        for (int64_t i = k * share; i < std::min(rows, (k + 1) * share); ++i) {
            S *RESTRICT x = logits + i * symbols;
            S highest = x[0] + bias[0], total = 0;
#pragma omp simd reduction(max : highest)
            for (int64_t v = 0; v < symbols; ++v) {
                x[v] += bias[v];
                highest = x[v] > highest ? x[v] : highest;
            }
            const S chosen = x[following[i]] - highest;
#pragma omp simd reduction(+ : total)
            for (int64_t v = 0; v < symbols; ++v) {
                S e, less_one;
                exponential(x[v] - highest, e, less_one);
                x[v] = e;
                total += e;
            }
            losses[i] = std::log(total) - chosen;
            if (!sums) continue;
            S *RESTRICT sum = sums + k * symbols;
            const S factor = 1 / total;
            SIMD for (int64_t v = 0; v < symbols; ++v) {
                x[v] *= factor;
                sum[v] += x[v];
            }
            x[following[i]] -= 1;
            sum[following[i]] -= 1;
        }
    }
}

#define EXPORT(S)                                                                               \
    extern "C" void log_losses_##S(int64_t rows, int64_t symbols, int64_t threads, const S *bias, \
                                   const int64_t *following, S *logits, S *losses, S *sums) {    \
        log_losses(rows, symbols, threads, bias, following, logits, losses, sums);               \
    }
EXPORT(float)
EXPORT(double)
