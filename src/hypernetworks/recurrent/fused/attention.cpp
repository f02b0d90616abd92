// What a step of a sequence with attention sees, and its gradients: what attention.py does with
// torch operations, in one pass over the memory's valid positions. Called by attention.py.
//
// B sequences (batch), P positions of the memory, A units of the hidden layer, M of the memory.
// Tensors are whole and in the order of the comments; positions with the penalty -inf are skipped.
#include <algorithm>
#include <limits>

#include "functions.h"

template <class S>
static bool valid(S penalty) {
    return penalty != -std::numeric_limits<S>::infinity();
}

// weights (B, P) and contexts (B, M) of queries (B, A); keys (B, P, A), values (B, P, M), penalty
// (B, P), score (A).
template <class S>
static void look(int64_t batch, int64_t positions, int64_t hidden, int64_t units, int64_t threads,
                 const S *keys, const S *values, const S *penalty, const S *RESTRICT score,
                 const S *queries, S *weights, S *contexts) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t b = 0; b < batch; ++b) {
        const S *RESTRICT query = queries + b * hidden, *RESTRICT added = penalty + b * positions;
        S *RESTRICT weight = weights + b * positions, *RESTRICT context = contexts + b * units;
        S highest = -std::numeric_limits<S>::infinity();
        for (int64_t p = 0; p < positions; ++p) {
            weight[p] = added[p];
            if (!valid(added[p])) continue;
            const S *RESTRICT key = keys + (b * positions + p) * hidden;
            S sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t j = 0; j < hidden; ++j) {
                S value, slope;
                hyperbolic(key[j] + query[j], value, slope);
                sum += score[j] * value;
            }
            weight[p] += sum;
            highest = std::max(highest, weight[p]);
        }
        S total = 0;
        for (int64_t p = 0; p < positions; ++p) {
            S e, less_one;
            exponential(weight[p] - highest, e, less_one);
            weight[p] = valid(added[p]) ? e : S(0);
            total += weight[p];
        }
        std::fill(context, context + units, S(0));
        for (int64_t p = 0; p < positions; ++p) {
            weight[p] /= total;
            if (!valid(added[p])) continue;
            const S *RESTRICT value = values + (b * positions + p) * units;
            const S part = weight[p];
            SIMD for (int64_t m = 0; m < units; ++m) context[m] += part * value[m];
        }
    }
}

// From grad_contexts (B, M) to grad_scores (B, P) and grad_queries (B, A). Adds to slopes
// (B, P, A) grad_score * tanh', and to grad_score (threads, A) its own gradient.
template <class S>
static void look_back(int64_t batch, int64_t positions, int64_t hidden, int64_t units,
                      int64_t threads, const S *keys, const S *values, const S *penalty,
                      const S *RESTRICT score, const S *queries, const S *weights,
                      const S *grad_contexts, S *grad_scores, S *grad_queries, S *slopes,
                      S *grad_score) {
    // A thread sums the gradients of its own sequences: the same split, the same sum, every time.
    const int64_t share = (batch + threads - 1) / threads;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int64_t k = 0; k < threads; ++k) {
        S *RESTRICT of_score = grad_score + k * hidden;
        for (int64_t b = k * share; b < std::min(batch, (k + 1) * share); ++b) {
            const S *RESTRICT query = queries + b * hidden, *RESTRICT weight = weights + b * positions;
            const S *RESTRICT added = penalty + b * positions, *RESTRICT d = grad_contexts + b * units;
            S *RESTRICT of_query = grad_queries + b * hidden, *RESTRICT grad = grad_scores + b * positions;
            S mean = 0;
            for (int64_t p = 0; p < positions; ++p) {
                grad[p] = 0;
                if (!valid(added[p])) continue;
                const S *RESTRICT value = values + (b * positions + p) * units;
                S sum = 0;
#pragma omp simd reduction(+ : sum)
                for (int64_t m = 0; m < units; ++m) sum += d[m] * value[m];
                grad[p] = sum;
                mean += weight[p] * sum;
            }
            std::fill(of_query, of_query + hidden, S(0));
            for (int64_t p = 0; p < positions; ++p) {
                if (!valid(added[p])) continue;
                const S part = grad[p] = weight[p] * (grad[p] - mean);
                const S *RESTRICT key = keys + (b * positions + p) * hidden;
                S *RESTRICT into = slopes + (b * positions + p) * hidden;
                SIMD for (int64_t j = 0; j < hidden; ++j) {
                    S value, slope;
                    hyperbolic(key[j] + query[j], value, slope);
                    const S product = part * slope;
                    of_query[j] += product;
                    into[j] += product;
                    of_score[j] += part * value;
                }
            }
            SIMD for (int64_t j = 0; j < hidden; ++j) of_query[j] *= score[j];
        }
    }
}

#define EXPORT(S)                                                                                 \
    extern "C" void look_##S(int64_t batch, int64_t positions, int64_t hidden, int64_t units,      \
                             int64_t threads, const S *keys, const S *values, const S *penalty,    \
                             const S *score, const S *queries, S *weights, S *contexts) {          \
        look(batch, positions, hidden, units, threads, keys, values, penalty, score, queries,      \
             weights, contexts);                                                                   \
    }                                                                                              \
    extern "C" void look_back_##S(int64_t batch, int64_t positions, int64_t hidden, int64_t units, \
                                  int64_t threads, const S *keys, const S *values,                 \
                                  const S *penalty, const S *score, const S *queries,              \
                                  const S *weights, const S *grad_contexts, S *grad_scores,        \
                                  S *grad_queries, S *slopes, S *grad_score) {                     \
        look_back(batch, positions, hidden, units, threads, keys, values, penalty, score, queries, \
                  weights, grad_contexts, grad_scores, grad_queries, slopes, grad_score);          \
    }
EXPORT(float)
EXPORT(double)
