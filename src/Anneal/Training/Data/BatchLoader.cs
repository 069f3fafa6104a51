using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Anneal;

/// <summary>
/// Goes through a data set epoch by epoch and prepares batches ahead on another thread, into memory that is allocated once. One
/// thread at a time may ask for batches.
/// </summary>
/// <example><code>
/// using var loader = new BatchLoader(data, new() { BatchSize = 64, Seed = 1, Epochs = 10 });
/// for (int epoch = 0; epoch &lt; 10; epoch++)
/// {
///     while (loader.TryNext(out Batch? batch))
///         Train(batch);
/// }
/// </code></example>
public sealed class BatchLoader : IDisposable
{
    private readonly Dataset _data;
    private readonly BatchLoaderOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _registration;
    private readonly Batch[] _full, _tails;
    private readonly int[] _order;
    private readonly long _end;
    private readonly Thread? _thread;
    private int _orderEpoch = -1;

    // Batches are numbered through all epochs. What follows is read and written under the gate alone.
    private readonly object _gate = new();
    private long _produced, _consumed;
    private bool _holding, _atEnd, _stopped, _disposed;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Checks the options, allocates the batches and begins to prepare them.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="options">How to go through them; null for the defaults.</param>
    /// <param name="cancellation">Stops the loader.</param>
    /// <exception cref="DatasetException">The data set is empty, or smaller than a batch.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public BatchLoader(Dataset data, BatchLoaderOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        (_data, _options, _cancellation) = (data, options ?? new BatchLoaderOptions(), cancellation);
        Check(data, _options);
        int batchSize = _options.BatchSize, tail = _options.Remainder == Remainder.Keep ? data.Count % batchSize : 0;
        BatchesPerEpoch = data.Count / batchSize + (tail > 0 ? 1 : 0);
        ExamplesPerEpoch = tail > 0 ? data.Count : BatchesPerEpoch * batchSize;
        if (_options.FirstBatch < 0 || _options.FirstBatch >= BatchesPerEpoch)
            throw new OptionException($"FirstBatch is {_options.FirstBatch}, but an epoch has batches 0 to {BatchesPerEpoch - 1}.");

        // One batch is in the hands of the consumer while the others wait. So many batches in a row hold at most so many short ones.
        int slots = _options.Prefetch + 1;
        _full = Allocate(slots, batchSize);
        _tails = tail > 0 ? Allocate((slots + BatchesPerEpoch - 1) / BatchesPerEpoch, tail) : [];
        _order = new int[data.Count];
        Permutation.Identity(_order);
        _produced = _consumed = (long)_options.FirstEpoch * BatchesPerEpoch + _options.FirstBatch;
        _end = _options.Epochs is { } epochs ? (long)epochs * BatchesPerEpoch : long.MaxValue;
        if (_options.Prefetch > 0)
        {
            _thread = new Thread(Work) { IsBackground = true, Name = "Anneal batch loader" };
            _thread.Start();
        }

        _registration = cancellation.UnsafeRegister(static self => ((BatchLoader)self!).Stop(), this);
    }

    /// <summary>The number of batches in an epoch.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>The number of examples that come in an epoch; fewer than the data set has where the remainder is dropped.</summary>
    public int ExamplesPerEpoch { get; }

    /// <summary>
    /// The next batch of the epoch; or false, once at the end of each epoch, after which the next epoch begins. After the last epoch
    /// it stays false.
    /// </summary>
    /// <param name="batch">The batch; its memory is used again after the next call.</param>
    /// <exception cref="OperationCanceledException">The loader was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The loader was disposed of.</exception>
    /// <remarks>What the data set throws on the other thread comes out here, as it was thrown, in its place among the batches.</remarks>
    public bool TryNext([NotNullWhen(true)] out Batch? batch)
    {
        batch = null;
        lock (_gate)
        {
            ThrowIfStopped();
            _holding = false;
            Monitor.PulseAll(_gate);
            if (_atEnd)
            {
                _atEnd = false;
                return false;
            }

            if (_consumed >= _end)
                return false;
            if (_thread is not null)
            {
                WaitForBatch();
                batch = Hand(Slot(_consumed));
                return true;
            }
        }

        // Without a thread of its own the loader fills the batch here, and not under the gate: Dispose must not wait for the data.
        Batch filled = Prepare(_consumed);
        lock (_gate)
            batch = Hand(filled);
        return true;
    }

    /// <summary>Stops the other thread and waits until the batch that it is filling, if any, is done.</summary>
    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
        Stop();
        _registration.Dispose();

        // A data set that disposes of its own loader would wait for itself.
        if (_thread != Thread.CurrentThread)
            _thread?.Join();
    }

    private void Work()
    {
        try
        {
            for (long next = _produced; next < _end; next++)
            {
                lock (_gate)
                {
                    while (!_stopped && next >= _consumed - (_holding ? 1 : 0) + _full.Length)
                        Monitor.Wait(_gate);
                    if (_stopped)
                        return;
                }

                Prepare(next);
                lock (_gate)
                {
                    _produced = next + 1;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e)
        {
            // Whatever a data set throws belongs to the thread that asks for batches.
            lock (_gate)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void WaitForBatch()
    {
        while (_produced == _consumed && _failure is null && !_stopped)
            Monitor.Wait(_gate);
        ThrowIfStopped();
        if (_produced == _consumed)
            _failure?.Throw();
    }

    private Batch Hand(Batch batch)
    {
        _holding = true;
        _consumed++;
        _atEnd = _consumed % BatchesPerEpoch == 0;
        return batch;
    }

    private Batch Prepare(long number)
    {
        (int epoch, int position) = Locate(number);
        if (_orderEpoch != epoch && _options.Order == BatchOrder.Shuffled)
        {
            Permutation.Fill(_order, _options.Seed, PermutationUse.Epoch, epoch);
            _orderEpoch = epoch;
        }

        Batch batch = Slot(number);
        (batch.Epoch, batch.Position) = (epoch, position);
        _data.Fill(_order.AsSpan(position * _options.BatchSize, batch.Count), batch);
        return batch;
    }

    private Batch Slot(long number)
    {
        (int epoch, int position) = Locate(number);
        bool isTail = _tails.Length > 0 && position == BatchesPerEpoch - 1;
        return isTail ? _tails[epoch % _tails.Length] : _full[number % _full.Length];
    }

    private (int Epoch, int Position) Locate(long number) => ((int)(number / BatchesPerEpoch), (int)(number % BatchesPerEpoch));

    private void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void ThrowIfStopped()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _cancellation.ThrowIfCancellationRequested();
    }

    private Batch[] Allocate(int batches, int count)
    {
        var made = new Batch[batches];
        for (int i = 0; i < batches; i++)
            made[i] = _data.CreateBatch(count);
        return made;
    }

    internal static DatasetException TooLarge(int batchSize, int examples) =>
        new(FormattableString.Invariant($"A batch of {batchSize} examples was asked for, but the data set has {examples}."));

    private static void Check(Dataset data, BatchLoaderOptions options)
    {
        if (data.Count == 0)
            throw new DatasetException("Batches need at least 1 example, but the data set is empty.");
        if (options.BatchSize < 1)
            throw new OptionException($"BatchSize is {options.BatchSize}, but a batch has at least 1 example.");
        if (options.BatchSize > data.Count)
            throw TooLarge(options.BatchSize, data.Count);
        if (options.Prefetch is < 0 or > 1024)
            throw new OptionException($"Prefetch is {options.Prefetch}, but it lies between 0 and 1024.");
        if (options.Epochs is < 0)
            throw new OptionException($"Epochs is {options.Epochs}, but it is at least 0.");
        if (options.FirstEpoch < 0)
            throw new OptionException($"FirstEpoch is {options.FirstEpoch}, but it is at least 0.");
        if (!Enum.IsDefined(options.Order) || !Enum.IsDefined(options.Remainder))
            throw new OptionException($"{options.Order} and {options.Remainder} are not an order and a way with the remainder.");
    }
}
