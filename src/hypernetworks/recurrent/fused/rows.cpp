// The pointwise part of one step of a sequence, row by row of the batch: what rows.py does with
// torch operations, in one pass over memory. Loaded through ctypes by native.py.
//
// B rows (batch), H units, 4 gates in the order i, g, f, o; t counts the steps of the sequence.
// S is the type of states and arithmetic, Q the type of the matrix products (bfloat16 or S).
#include <vector>

#include "functions.h"

struct bfloat16 {
    uint16_t bits;
    bfloat16() = default;
    // In place: the compiler does not vectorise a temporary.
    bfloat16 &operator=(float x) {
        uint32_t u;
        std::memcpy(&u, &x, 4);
        // To the nearest, ties to even; a NaN stays one.
        const uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
        bits = static_cast<uint16_t>((u & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
        return *this;
    }
    operator float() const {
        uint32_t u = static_cast<uint32_t>(bits) << 16;
        float x;
        std::memcpy(&x, &u, 4);
        return x;
    }
};

// Every pointer but the parameters is to step 0; steps lie `batch` rows apart. 0 where not used.
template <class S, class Q>
struct Rows {
    int64_t batch, units, threads;
    int64_t product_stride, grad_stride;  // elements between two rows of (grad_)products
    S forget_bias, epsilon;
    const Q *products, *inputs;         // h W_h; x W_x
    const S *scales;                    // (block, 3, 4, H) of this step: d_h, d_x, b
    const S *bias;                      // (4, H) b_0
    const S *gain, *offset;             // (4, H) layer norm of the gates
    const S *cell_gain, *cell_offset;   // (H) layer norm of c
    const S *mask;                      // (T, B, H) of phi(g)
    S *h, *c;                           // (T + 1, B, H), the initial state first
    Q *h_product;                       // h again, in the type of the products
    const S *grad_output, *grad_cells;  // (T, B, H)
    const S *grad_h;                    // (B, H) from the step after
    S *grad_c;                          // (B, H) from the step after; to the step before
    Q *grad_products, *grad_inputs;
    S *grad_scales;                     // (block, 3, 4, H) of this step
    S *grad_parameters;  // (threads, 14, H): bias, gain, offset (4 each), cell_gain, cell_offset
};

// In place: (x - mean) / sqrt(variance + epsilon); returns the factor.
template <class S>
static S normalize(S *RESTRICT x, int64_t n, S epsilon) {
    S sum = 0, squares = 0;
    _Pragma("omp simd reduction(+ : sum)") for (int64_t j = 0; j < n; ++j) sum += x[j];
    const S mean = sum / n;
    _Pragma("omp simd reduction(+ : squares)") for (int64_t j = 0; j < n; ++j) {
        x[j] -= mean;
        squares += x[j] * x[j];
    }
    const S factor = 1 / std::sqrt(squares / n + epsilon);
    SIMD for (int64_t j = 0; j < n; ++j) x[j] *= factor;
    return factor;
}

// In place: d loss / d normalised to d loss / d x.
template <class S>
static void normalize_backward(S *RESTRICT d, const S *RESTRICT normal, int64_t n, S factor) {
    S sum = 0, product = 0;
    _Pragma("omp simd reduction(+ : sum, product)") for (int64_t j = 0; j < n; ++j) {
        sum += d[j];
        product += d[j] * normal[j];
    }
    const S mean = sum / n, slope = product / n;
    SIMD for (int64_t j = 0; j < n; ++j) d[j] = factor * (d[j] - mean - normal[j] * slope);
}

template <class S, class Q>
struct Row {
    const Rows<S, Q> &a;
    const int64_t n, at, in_block;  // units; the row's index in (T, B), in its block
    const Q *product, *input;  // the backward pass may write its results over them
    const S *RESTRICT scale, *RESTRICT mask, *RESTRICT before;
    S *normal, *gate, *cell, *phi;  // (4, H), (4, H), (H), (H)
    S *gate_slope, *phi_slope;      // (4, H), (H), in the backward pass
    S factor[4], cell_factor;

    Row(const Rows<S, Q> &a, int64_t t, int64_t b, int64_t in_block, S *scratch)
        : a(a), n(a.units), at(t * a.batch + b), in_block(in_block),
          product(a.products + at * a.product_stride), input(a.inputs + at * 4 * n),
          scale(a.scales ? a.scales + in_block * 12 * n : nullptr),
          mask(a.mask ? a.mask + at * n : nullptr), before(a.c + at * n),
          normal(scratch), gate(scratch + 4 * n), cell(scratch + 8 * n), phi(scratch + 9 * n),
          gate_slope(scratch + 10 * n), phi_slope(scratch + 14 * n) {}

    // The four gates from the products, normalised if the cell is; and their derivatives.
    template <bool slopes>
    void gates() {
        for (int64_t y = 0; y < 4; ++y) {
            S *RESTRICT x = normal + y * n;
            S *RESTRICT out = gate + y * n;
            const Q *RESTRICT p = product + y * n, *RESTRICT q = input + y * n;
            if (scale) {
                const S *RESTRICT d_h = scale + y * n, *RESTRICT d_x = scale + (4 + y) * n;
                const S *RESTRICT b = scale + (8 + y) * n, *RESTRICT b0 = a.bias + y * n;
                SIMD for (int64_t j = 0; j < n; ++j)
                    x[j] = d_h[j] * S(p[j]) + d_x[j] * S(q[j]) + b[j] + b0[j];
            } else {
                SIMD for (int64_t j = 0; j < n; ++j) x[j] = S(p[j]) + S(q[j]);
            }
            if (a.gain) {
                factor[y] = normalize(x, n, a.epsilon);
                const S *RESTRICT gain = a.gain + y * n, *RESTRICT offset = a.offset + y * n;
                SIMD for (int64_t j = 0; j < n; ++j) out[j] = x[j] * gain[j] + offset[j];
            } else {
                std::memcpy(out, x, n * sizeof(S));
            }
            S *RESTRICT slope = gate_slope + y * n;
            if (y == 1) {
                SIMD for (int64_t j = 0; j < n; ++j) {
                    S value, derivative;
                    hyperbolic(out[j], value, derivative);
                    out[j] = value;
                    if (slopes) slope[j] = derivative;
                }
            } else {
                const S shift = y == 2 ? a.forget_bias : S(0);
                SIMD for (int64_t j = 0; j < n; ++j) {
                    S value, derivative;
                    sigmoid(out[j] + shift, value, derivative);
                    out[j] = value;
                    if (slopes) slope[j] = derivative;
                }
            }
        }
    }

    // phi(LN(c)) and its derivative; `cell` then holds the normalised c.
    template <bool slopes>
    void squash() {
        const S *RESTRICT now = a.c + (at + a.batch) * n;
        std::memcpy(cell, now, n * sizeof(S));
        if (a.gain) {
            cell_factor = normalize(cell, n, a.epsilon);
            SIMD for (int64_t j = 0; j < n; ++j)
                phi[j] = cell[j] * a.cell_gain[j] + a.cell_offset[j];
        } else {
            std::memcpy(phi, cell, n * sizeof(S));
        }
        SIMD for (int64_t j = 0; j < n; ++j) {
            S value, derivative;
            hyperbolic(phi[j], value, derivative);
            phi[j] = value;
            if (slopes) phi_slope[j] = derivative;
        }
    }

    void forward() {
        gates<false>();
        const S *RESTRICT i = gate, *RESTRICT g = i + n, *RESTRICT f = g + n, *RESTRICT o = f + n;
        S *RESTRICT now = a.c + (at + a.batch) * n;
        S *RESTRICT h = a.h + (at + a.batch) * n;
        if (mask) {
            SIMD for (int64_t j = 0; j < n; ++j) now[j] = f[j] * before[j] + i[j] * g[j] * mask[j];
        } else {
            SIMD for (int64_t j = 0; j < n; ++j) now[j] = f[j] * before[j] + i[j] * g[j];
        }
        squash<false>();
        SIMD for (int64_t j = 0; j < n; ++j) h[j] = o[j] * phi[j];
        if (a.h_product) {
            Q *RESTRICT hq = a.h_product + (at + a.batch) * n;
            SIMD for (int64_t j = 0; j < n; ++j) hq[j] = h[j];
        }
    }

    // d (10, H) is scratch: the gradients of the gates, of c and of phi.
    void backward(int64_t b, S *d, S *RESTRICT sums) {
        gates<true>();
        squash<true>();
        const S *RESTRICT ip = gate_slope, *RESTRICT gp = ip + n, *RESTRICT fp = gp + n;
        const S *RESTRICT op = fp + n;
        const S *RESTRICT i = gate, *RESTRICT g = i + n, *RESTRICT f = g + n, *RESTRICT o = f + n;
        S *RESTRICT di = d, *RESTRICT dg = d + n, *RESTRICT df = d + 2 * n, *RESTRICT dout = d + 3 * n;
        S *RESTRICT dc = d + 4 * n, *RESTRICT carried = a.grad_c + b * n;
        const S *RESTRICT later = a.grad_h + b * n;
        const S *RESTRICT output = a.grad_output ? a.grad_output + at * n : nullptr;
        const S *RESTRICT cells = a.grad_cells ? a.grad_cells + at * n : nullptr;
        SIMD for (int64_t j = 0; j < n; ++j) {
            const S dh = later[j] + (output ? output[j] : S(0));
            dout[j] = dh * phi[j] * op[j];
            dc[j] = dh * o[j] * phi_slope[j];
        }
        if (a.gain) {
            S *RESTRICT cell_gain = sums + 12 * n, *RESTRICT cell_offset = sums + 13 * n;
            SIMD for (int64_t j = 0; j < n; ++j) {
                cell_gain[j] += dc[j] * cell[j];
                cell_offset[j] += dc[j];
                dc[j] *= a.cell_gain[j];
            }
            normalize_backward(dc, cell, n, cell_factor);
        }
        SIMD for (int64_t j = 0; j < n; ++j) {
            const S kept = mask ? mask[j] : S(1);
            const S total = dc[j] + carried[j] + (cells ? cells[j] : S(0));
            di[j] = total * g[j] * kept * ip[j];
            dg[j] = total * i[j] * kept * gp[j];
            df[j] = total * before[j] * fp[j];
            carried[j] = total * f[j];
        }
        for (int64_t y = 0; y < 4; ++y) gate_backward(y, d + y * n, sums);
    }

    void gate_backward(int64_t y, S *RESTRICT d, S *RESTRICT sums) {
        if (a.gain) {
            const S *RESTRICT x = normal + y * n, *RESTRICT weight = a.gain + y * n;
            S *RESTRICT gain = sums + (4 + y) * n, *RESTRICT offset = sums + (8 + y) * n;
            SIMD for (int64_t j = 0; j < n; ++j) {
                gain[j] += d[j] * x[j];
                offset[j] += d[j];
                d[j] *= weight[j];
            }
            normalize_backward(d, x, n, factor[y]);
        }
        Q *dp = a.grad_products + at * a.grad_stride + y * n;
        if (!scale) {
            SIMD for (int64_t j = 0; j < n; ++j) dp[j] = d[j];
            return;
        }
        Q *dq = a.grad_inputs + at * 4 * n + y * n;
        const Q *p = product + y * n, *q = input + y * n;
        const S *RESTRICT d_h = scale + y * n, *RESTRICT d_x = scale + (4 + y) * n;
        S *RESTRICT grad = a.grad_scales + (in_block * 12 + y) * n, *RESTRICT b0 = sums + y * n;
        SIMD for (int64_t j = 0; j < n; ++j) {
            grad[j] = d[j] * S(p[j]);
            grad[4 * n + j] = d[j] * S(q[j]);
            grad[8 * n + j] = d[j];
            dp[j] = d[j] * d_h[j];
            dq[j] = d[j] * d_x[j];
            b0[j] += d[j];
        }
    }
};

template <class S, class Q>
static void forward(const Rows<S, Q> &a, int64_t t, int64_t first, int64_t end) {
#pragma omp parallel num_threads(a.threads) if (a.threads > 1)
    {
        static thread_local std::vector<S> scratch;
        scratch.resize(10 * a.units);
#pragma omp for
        for (int64_t b = first; b < end; ++b)
            Row<S, Q>(a, t, b, b - first, scratch.data()).forward();
    }
}

template <class S, class Q>
static void backward(const Rows<S, Q> &a, int64_t t, int64_t first, int64_t end) {
    // A thread sums the gradients of its own rows: the same split, and the same sum, every time.
    const int64_t share = (end - first + a.threads - 1) / a.threads;
#pragma omp parallel for num_threads(a.threads) if (a.threads > 1)
    for (int64_t k = 0; k < a.threads; ++k) {
        static thread_local std::vector<S> scratch;
        scratch.resize(20 * a.units);
        S *sums = a.grad_parameters + k * 14 * a.units;
        for (int64_t b = first + k * share; b < first + (k + 1) * share && b < end; ++b)
            Row<S, Q>(a, t, b, b - first, scratch.data())
                .backward(b, scratch.data() + 15 * a.units, sums);
    }
}

#define EXPORT(NAME, S, Q)                                                                      \
    extern "C" void forward_##NAME(const Rows<S, Q> *a, int64_t t, int64_t first, int64_t end) { \
        forward(*a, t, first, end);                                                             \
    }                                                                                           \
    extern "C" void backward_##NAME(const Rows<S, Q> *a, int64_t t, int64_t first, int64_t end) { \
        backward(*a, t, first, end);                                                            \
    }
EXPORT(float, float, float)
EXPORT(double, double, double)
EXPORT(bfloat16, float, bfloat16)
