namespace Anneal.Cpu;

/// <summary>
/// Batched matrix product in double precision, for gradient checks: simple, threaded over rows, each sum in order of the depth.
/// </summary>
internal sealed unsafe class MatMulDoubleKernel
{
    private const double WorkPerThread = 50_000;
    private readonly MatMulShape _shape;
    private readonly long _rows;
    private readonly int _workers;
    private Job? _spareJob;

    internal MatMulDoubleKernel(in MatMulShape shape, int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        if (shape.Batch < 0 || shape.M < 0 || shape.N < 0 || shape.K < 0)
            throw new ArgumentException($"Expected sizes that are not negative; got {shape}.", nameof(shape));
        _shape = shape;
        _rows = shape.Batch * shape.M;
        _workers = (int)Math.Clamp(Math.Min(_rows, 2.0 * _rows * shape.N * shape.K / WorkPerThread), 1, threadCount);
    }

    /// <summary>Computes c, which is overwritten. Needs no scratch memory.</summary>
    internal void Run(double* a, double* b, double* c, TileEpilogue? epilogue, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (_rows == 0 || _shape.N == 0)
            return;
        if (c is null || (_shape.K > 0 && (a is null || b is null)))
            throw new ArgumentException("Expected pointers to the operands and the output; got null.");
        Job job = Interlocked.Exchange(ref _spareJob, null) ?? new Job(this);
        job.A = a;
        job.B = b;
        job.C = c;
        job.Epilogue = epilogue;
        job.Parts = Math.Min(_workers, pool.ThreadCount);
        try
        {
            pool.Run(job, job.Parts);
        }
        finally
        {
            job.Epilogue = null;
            Volatile.Write(ref _spareJob, job);
        }
    }

    private void Compute(Job job, int part)
    {
        long end = _rows * (part + 1) / job.Parts;
        for (long row = _rows * part / job.Parts; row < end; row++)
        {
            long batch = row / _shape.M;
            long i = row % _shape.M;
            double* a = job.A + (batch * _shape.BatchStrideA) + (_shape.TransposeA ? i : i * _shape.K);
            double* b = job.B + (batch * _shape.BatchStrideB);
            double* c = job.C + (row * _shape.N);
            long step = _shape.TransposeA ? _shape.M : 1;
            if (_shape.TransposeB)
                MultiplyTransposed(a, step, b, c);
            else
                Multiply(a, step, b, c);
            job.Epilogue?.Apply(part, row, 1, 0, _shape.N);
        }
    }

    private void Multiply(double* a, long step, double* b, double* c)
    {
        long n = _shape.N;
        for (long j = 0; j < n; j++)
            c[j] = 0;
        for (long k = 0; k < _shape.K; k++, a += step, b += n)
        {
            double value = *a;
            for (long j = 0; j < n; j++)
                c[j] = Math.FusedMultiplyAdd(value, b[j], c[j]);
        }
    }

    private void MultiplyTransposed(double* a, long step, double* b, double* c)
    {
        for (long j = 0; j < _shape.N; j++, b += _shape.K)
        {
            double sum = 0;
            for (long k = 0; k < _shape.K; k++)
                sum = Math.FusedMultiplyAdd(a[k * step], b[k], sum);
            c[j] = sum;
        }
    }

    private sealed class Job(MatMulDoubleKernel kernel) : ParallelJob
    {
        internal double* A { get; set; }

        internal double* B { get; set; }

        internal double* C { get; set; }

        internal TileEpilogue? Epilogue { get; set; }

        internal int Parts { get; set; }

        internal override void Execute(int part) => kernel.Compute(this, part);
    }
}
