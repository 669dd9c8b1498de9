/* The floor: what plain C does, W1 and W2 by hand, and what the machine can do at all.
   Compiled with -O3 -march=native -ffast-math, and with -DADAM for Adam. */

#include <math.h>
#include <string.h>

/* W1: 2-2-1, linear, one sample a step, float64. w holds W1 (2 × 2), then W2 (2). */
void w1(const double *x, const double *t, double *w, double rate, long steps) {
    double a = w[0], b = w[1], c = w[2], d = w[3], e = w[4], f = w[5];
    for (long k = 0; k < steps; k++) {
        double x1 = x[2 * k], x2 = x[2 * k + 1];
        double h1 = x1 * a + x2 * c, h2 = x1 * b + x2 * d;
        double delta = rate * (h1 * e + h2 * f - t[k]);
        double d1 = delta * e, d2 = delta * f;
        e -= delta * h1, f -= delta * h2;
        a -= d1 * x1, b -= d2 * x1, c -= d1 * x2, d -= d2 * x2;
    }
    w[0] = a, w[1] = b, w[2] = c, w[3] = d, w[4] = e, w[5] = f;
}

/* W2: 2-16-16-1, tanh, 32 samples a step, float32: a layer of 16 units is one vector. w holds W1 b1 W2 b2 W3 b3 in rows of 16, b3 in a
   row of its own. m and v are Adam's moments. */
enum { WIDTH = 16, N = 32, H = WIDTH, ROWS = 2 + 1 + H + 1 + 1 + 1 };
typedef float lanes __attribute__((vector_size(4 * WIDTH)));

/* A quotient of polynomials, to 4e-7 (the one that Eigen uses, and XLA). */
static inline lanes tanh_of(lanes z) {
    for (int j = 0; j < WIDTH; j++) z[j] = fminf(fmaxf(z[j], -7.90531110763549805f), 7.90531110763549805f);
    lanes s = z * z;
    lanes p = -2.76076847742355e-16f * s + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f, p = p * s + 5.12229709037114e-08f, p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f, p = p * s + 4.89352455891786e-03f;
    lanes q = 1.19825839466702e-06f * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f, q = q * s + 4.89352518554385e-03f;
    return z * p / q;
}

static inline float sum_of(lanes z) {
    float sum = 0;
    for (int j = 0; j < WIDTH; j++) sum += z[j];
    return sum;
}

void w2(const float *xs, const float *ts, lanes *w, lanes *m, lanes *v, double rate, long steps, long taken) {
    lanes *W1 = w, *b1 = w + 2, *W2 = w + 3, *b2 = W2 + H, *W3 = b2 + 1, *b3 = W3 + 1;
    lanes h1[N], h2[N], d1[N], d2[N], turned[H], g[ROWS];
    float d3[N];
    double power1 = pow(0.9, taken), power2 = pow(0.999, taken);
    for (long k = 0; k < steps; k++) {
        const float *x = xs + k * N * 2, *t = ts + k * N;
        for (int n = 0; n < N; n++) h1[n] = tanh_of(b1[0] + x[2 * n] * W1[0] + x[2 * n + 1] * W1[1]);
        for (int n = 0; n < N; n++) {
            lanes even = b2[0], odd = {0};
            for (int i = 0; i < H; i += 2) even += h1[n][i] * W2[i], odd += h1[n][i + 1] * W2[i + 1];
            h2[n] = tanh_of(even + odd);
        }
        for (int n = 0; n < N; n++) d3[n] = (sum_of(h2[n] * W3[0]) + b3[0][0] - t[n]) / N;
        for (int i = 0; i < H; i++)
            for (int j = 0; j < H; j++) turned[j][i] = W2[i][j];
        for (int n = 0; n < N; n++) {
            lanes even = {0}, odd = {0};
            d2[n] = d3[n] * W3[0] * (1 - h2[n] * h2[n]);
            for (int j = 0; j < H; j += 2) even += d2[n][j] * turned[j], odd += d2[n][j + 1] * turned[j + 1];
            d1[n] = (even + odd) * (1 - h1[n] * h1[n]);
        }
        lanes a0 = {0}, a1 = {0}, b = {0}, c[H] = {{0}}, d = {0}, e = {0}, f = {0};
        for (int n = 0; n < N; n++) {
            a0 += x[2 * n] * d1[n], a1 += x[2 * n + 1] * d1[n], b += d1[n], d += d2[n], e += h2[n] * d3[n], f[0] += d3[n];
#pragma GCC unroll 16
            for (int i = 0; i < H; i++) c[i] += h1[n][i] * d2[n];
        }
        g[0] = a0, g[1] = a1, g[2] = b, g[ROWS - 3] = d, g[ROWS - 2] = e, g[ROWS - 1] = f;
        memcpy(g + 3, c, sizeof c);
#ifdef ADAM
        power1 *= 0.9, power2 *= 0.999;
        float step = rate / (1 - power1), scale = 1 / (1 - power2);
        for (int i = 0; i < ROWS; i++) {
            m[i] = 0.9f * m[i] + 0.1f * g[i], v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
            lanes root = v[i] * scale;
            for (int j = 0; j < WIDTH; j++) root[j] = sqrtf(root[j]);
            w[i] -= step * m[i] / (root + 1e-8f);
        }
#else
        for (int i = 0; i < ROWS; i++) w[i] -= (float)rate * g[i];
#endif
    }
}

/* Products: chains of fused multiply-adds that do not wait for each other. Returns how many operations were done. */
double peak(long rounds, float *out) {
    lanes a, b, z[16] = {{0}};
    for (int i = 0; i < WIDTH; i++) a[i] = 1.0f + 1e-7f * i, b[i] = 1e-9f * i;
    lanes z0 = b, z1 = 2 * b, z2 = 3 * b, z3 = 4 * b, z4 = 5 * b, z5 = 6 * b, z6 = 7 * b, z7 = 8 * b;
    lanes z8 = 9 * b, z9 = 10 * b, y0 = 11 * b, y1 = 12 * b, y2 = 13 * b, y3 = 14 * b, y4 = 15 * b, y5 = 16 * b;
    for (long k = 0; k < rounds; k++) {
        z0 = z0 * a + b, z1 = z1 * a + b, z2 = z2 * a + b, z3 = z3 * a + b, z4 = z4 * a + b, z5 = z5 * a + b;
        z6 = z6 * a + b, z7 = z7 * a + b, z8 = z8 * a + b, z9 = z9 * a + b, y0 = y0 * a + b, y1 = y1 * a + b;
        y2 = y2 * a + b, y3 = y3 * a + b, y4 = y4 * a + b, y5 = y5 * a + b;
    }
    z[0] = z0 + z1 + z2 + z3 + z4 + z5 + z6 + z7 + z8 + z9 + y0 + y1 + y2 + y3 + y4 + y5;
    memcpy(out, z, 4 * WIDTH);
    return 2.0 * WIDTH * 16 * rounds;
}

/* The same with operands from the caches, as any product has them: a tile of 6 × 4 vectors of sums over `terms` terms, once for every 6 of
   `rows` rows of a; b holds `terms` rows of 4 vectors. Where vectors are shorter, 6 × 2. Returns how many operations were done. */
#ifdef __AVX512F__
enum { ACROSS = 4 };
typedef lanes vector;
#else
enum { ACROSS = 2 };
typedef float vector __attribute__((vector_size(32)));
#endif
enum { LANES = sizeof(vector) / 4, DOWN = 6 };

__attribute__((noinline)) static void tile(const float *a, const vector *b, vector *c, long terms) {
    vector z[DOWN][ACROSS] = {{{0}}};
    for (long k = 0; k < terms; k++, b += ACROSS)
#pragma GCC unroll 6
        for (int i = 0; i < DOWN; i++)
#pragma GCC unroll 4
            for (int j = 0; j < ACROSS; j++) z[i][j] += a[i * terms + k] * b[j];
    memcpy(c, z, sizeof z);
}

double product(const float *a, const float *b, float *c, long terms, long rows, long rounds) {
    for (long round = 0; round < rounds; round++)
        for (long row = 0; row + DOWN <= rows; row += DOWN) tile(a + row * terms, (const vector *)b, (vector *)c, terms);
    return 2.0 * DOWN * ACROSS * LANES * terms * (rows / DOWN) * rounds;
}

/* Memory: a sum over an array, again and again. Returns the sum, so that it is made. */
float reading(const float *array, long count, long rounds) {
    lanes sum[8] = {{0}};
    for (long round = 0; round < rounds; round++)
        for (long i = 0; i + 8 * WIDTH <= count; i += 8 * WIDTH)
            for (int c = 0; c < 8; c++) sum[c] += *(const lanes *)(array + i + c * WIDTH);
    for (int c = 1; c < 8; c++) sum[0] += sum[c];
    return sum[0][0];
}
