// The functions of the compiled steps, with all their digits at every magnitude.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define SIMD _Pragma("omp simd")
#define RESTRICT __restrict__

template <class S> struct Bits;
template <> struct Bits<float> {
    using Int = int32_t;
    static constexpr float limit = 88.0f;  // 2^-127 of it would be: rounded to 0
    static constexpr int degree = 7, mantissa = 23, middle = 127;
};
template <> struct Bits<double> {
    using Int = int64_t;
    static constexpr double limit = 709.1;
    static constexpr int degree = 13, mantissa = 52, middle = 1023;
};

template <class S>
static constexpr S factorial(int n) {
    return n < 2 ? S(1) : n * factorial<S>(n - 1);
}

// e^x and e^x - 1 for x <= 0, either to the last bit or two of itself, however small: 2^k times the
// Taylor polynomial of the rest, which is at most log(2) / 2. The compiler can vectorise it.
template <class S>
static inline void exponential(S x, S &full, S &less_one) {
    using B = Bits<S>;
    x = x < -B::limit ? -B::limit : x;
    S k = std::rint(x * S(1.4426950408889634));
    S r = x - k * S(0.693359375);
    r = r + k * S(2.121944400546905827679e-4);
    S sum = 1 / factorial<S>(B::degree);
    for (int n = B::degree - 1; n > 0; --n) sum = sum * r + 1 / factorial<S>(n);
    const S rest = r * sum;  // e^r - 1
    typename B::Int bits = (static_cast<typename B::Int>(k) + B::middle) << B::mantissa;
    S power;
    std::memcpy(&power, &bits, sizeof(S));
    full = power * rest + power;
    less_one = power * rest + (power - 1);
}

// A function's value and its derivative. From 1 - value the derivative would lose its digits where
// the function is flat, and tanh as 1 - 2 / (1 + e^2x) its own near 0.
template <class S>
static inline void sigmoid(S x, S &value, S &slope) {
    S e, less_one;
    exponential(-std::fabs(x), e, less_one);
    const S part = 1 / (1 + e);
    value = x < 0 ? e * part : part;
    slope = e * part * part;
}
template <class S>
static inline void hyperbolic(S x, S &value, S &slope) {
    S e, less_one;
    exponential(-2 * std::fabs(x), e, less_one);
    const S part = 1 / (1 + e);
    value = std::copysign(less_one * part, x);
    slope = 4 * e * part * part;
}
