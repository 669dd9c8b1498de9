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

/* Vectors as long as the processor's registers: longer ones would be cut up, and wait in memory. */
#if defined(__AVX512F__)
enum { BYTES = 64, SUMS = 24, ACROSS = 4 };
#elif defined(__AVX__)
enum { BYTES = 32, SUMS = 12, ACROSS = 2 };
#elif defined(__aarch64__)
enum { BYTES = 16, SUMS = 24, ACROSS = 4 };
#else
enum { BYTES = 16, SUMS = 12, ACROSS = 2 };
#endif
typedef float vector __attribute__((vector_size(BYTES), may_alias));
typedef int bits __attribute__((vector_size(BYTES)));
enum { LANES = BYTES / 4, DOWN = 6 };

/* W2: 2-16-16-1, tanh, 32 samples a step, float32: a layer of 16 units is a row of one vector, or of some. w holds W1 b1 W2 b2 W3 b3 in
   rows of 16, b3 in a row of its own. m and v are Adam's moments. */
enum { WIDTH = 16, N = 32, H = WIDTH, ROWS = 2 + 1 + H + 1 + 1 + 1, PARTS = 4 * WIDTH / BYTES, GROUP = SUMS < H ? 8 : H };
typedef struct { vector part[PARTS]; } row;
#define BOUND 7.90531110763549805f

/* A quotient of polynomials, to 4e-7 (the one that Eigen uses, and XLA). */
static inline vector tanh_of(vector z) {
    bits low = z < -BOUND, high = z > BOUND;
    z = (vector)((low & (bits)(0 * z - BOUND)) | (high & (bits)(0 * z + BOUND)) | (~(low | high) & (bits)z));
    vector s = z * z;
    vector p = -2.76076847742355e-16f * s + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f, p = p * s + 5.12229709037114e-08f, p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f, p = p * s + 4.89352455891786e-03f;
    vector q = 1.19825839466702e-06f * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f, q = q * s + 4.89352518554385e-03f;
    return z * p / q;
}

static inline float sum_of(vector z) {
    float sum = 0;
    for (int j = 0; j < LANES; j++) sum += z[j];
    return sum;
}

void w2(const float *xs, const float *ts, row *w, row *m, row *v, double rate, long steps, long taken) {
    row *W1 = w, *b1 = w + 2, *W2 = w + 3, *b2 = W2 + H, *W3 = b2 + 1, *b3 = W3 + 1;
    row h1[N], h2[N], d1[N], d2[N], turned[H], g[ROWS];
    float d3[N];
    double power1 = pow(0.9, taken), power2 = pow(0.999, taken);
    for (long k = 0; k < steps; k++) {
        const float *x = xs + k * N * 2, *t = ts + k * N;
        for (int n = 0; n < N; n++)
            for (int p = 0; p < PARTS; p++)
                h1[n].part[p] = tanh_of(b1->part[p] + x[2 * n] * W1[0].part[p] + x[2 * n + 1] * W1[1].part[p]);
        for (int n = 0; n < N; n++) {
            const float *h = (const float *)(h1 + n);
            for (int p = 0; p < PARTS; p++) {
                vector even = b2->part[p], odd = {0};
                for (int i = 0; i < H; i += 2) even += h[i] * W2[i].part[p], odd += h[i + 1] * W2[i + 1].part[p];
                h2[n].part[p] = tanh_of(even + odd);
            }
        }
        for (int n = 0; n < N; n++) {
            vector sum = {0};
            for (int p = 0; p < PARTS; p++) sum += h2[n].part[p] * W3->part[p];
            d3[n] = (sum_of(sum) + *(float *)b3 - t[n]) / N;
        }
        for (int i = 0; i < H; i++)
            for (int j = 0; j < H; j++) ((float *)(turned + j))[i] = ((float *)(W2 + i))[j];
        for (int n = 0; n < N; n++) {
            const float *d = (const float *)(d2 + n);
            for (int p = 0; p < PARTS; p++) d2[n].part[p] = d3[n] * W3->part[p] * (1 - h2[n].part[p] * h2[n].part[p]);
            for (int p = 0; p < PARTS; p++) {
                vector even = {0}, odd = {0};
                for (int j = 0; j < H; j += 2) even += d[j] * turned[j].part[p], odd += d[j + 1] * turned[j + 1].part[p];
                d1[n].part[p] = (even + odd) * (1 - h1[n].part[p] * h1[n].part[p]);
            }
        }
        float f = 0;
        for (int n = 0; n < N; n++) f += d3[n];
        for (int p = 0; p < PARTS; p++) {
            vector a0 = {0}, a1 = {0}, b = {0}, d = {0}, e = {0};
            for (int n = 0; n < N; n++) {
                a0 += x[2 * n] * d1[n].part[p], a1 += x[2 * n + 1] * d1[n].part[p], b += d1[n].part[p];
                d += d2[n].part[p], e += h2[n].part[p] * d3[n];
            }
            g[0].part[p] = a0, g[1].part[p] = a1, g[2].part[p] = b, g[ROWS - 3].part[p] = d, g[ROWS - 2].part[p] = e;
            g[ROWS - 1].part[p] = (vector){0};
            for (int first = 0; first < H; first += GROUP) {
                vector c[GROUP] = {{0}};
                for (int n = 0; n < N; n++)
#pragma GCC unroll 16
                    for (int i = 0; i < GROUP; i++) c[i] += ((float *)(h1 + n))[first + i] * d2[n].part[p];
                for (int i = 0; i < GROUP; i++) g[3 + first + i].part[p] = c[i];
            }
        }
        *(float *)(g + ROWS - 1) = f;
#ifdef ADAM
        power1 *= 0.9, power2 *= 0.999;
        float step = rate / (1 - power1), scale = 1 / (1 - power2);
        for (int i = 0; i < ROWS; i++)
            for (int p = 0; p < PARTS; p++) {
                vector slope = g[i].part[p];
                m[i].part[p] = 0.9f * m[i].part[p] + 0.1f * slope, v[i].part[p] = 0.999f * v[i].part[p] + 0.001f * slope * slope;
                vector root = v[i].part[p] * scale;
                for (int j = 0; j < LANES; j++) root[j] = sqrtf(root[j]);
                w[i].part[p] -= step * m[i].part[p] / (root + 1e-8f);
            }
#else
        for (int i = 0; i < ROWS; i++)
            for (int p = 0; p < PARTS; p++) w[i].part[p] -= (float)rate * g[i].part[p];
#endif
    }
}

/* Products: as many chains of fused multiply-adds as the registers hold, none of which waits for another. Returns how many of the
   operations that were asked for, or a few more, were done. */
double peak(double operations, float *out) {
    long rounds = operations / (2.0 * LANES * SUMS) + 1;
    vector a, b, z[SUMS];
    for (int i = 0; i < LANES; i++) a[i] = 1.0f + 1e-7f * i, b[i] = 1e-9f * i;
    for (int i = 0; i < SUMS; i++) z[i] = (i + 1.0f) * b;
    for (long k = 0; k < rounds; k++)
#pragma GCC unroll 24
        for (int i = 0; i < SUMS; i++) z[i] = z[i] * a + b;
    for (int i = 1; i < SUMS; i++) z[0] += z[i];
    memcpy(out, z, BYTES);
    return 2.0 * LANES * SUMS * rounds;
}

/* The same with operands from the caches, as any product has them: a tile of 6 × 4 vectors of sums over `terms` terms, once for every 6 of
   `rows` rows of a; b holds `terms` rows of 4 vectors. Where registers are few, 6 × 2. Returns how many operations were done. */
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
    vector sum[8] = {{0}};
    for (long round = 0; round < rounds; round++)
        for (long i = 0; i + 8 * LANES <= count; i += 8 * LANES)
            for (int c = 0; c < 8; c++) sum[c] += *(const vector *)(array + i + c * LANES);
    for (int c = 1; c < 8; c++) sum[0] += sum[c];
    return sum[0][0];
}
