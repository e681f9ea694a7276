using System.Threading;

namespace Sosia.Core.Execution;

/// <summary>
/// A lock between the threads of one machine. It costs nothing while one thread runs all processors. A processor's thread that has to
/// wait for it counts as standing at an instruction boundary (see <see cref="VcpuThreads.WaitForOthers"/>). The owner may enter again.
/// </summary>
public sealed class MachineLock
{
    private readonly Lock _lock = new();
    private readonly VcpuThreads _threads;

    internal MachineLock(VcpuThreads threads)
    {
        _threads = threads;
    }

    /// <summary>Takes the lock until the result is disposed of.</summary>
    public Holder Enter()
    {
        if (!_threads.AreRunning)
        {
            return default;
        }

        Take();
        return new Holder(_lock);
    }

    /// <summary>Takes the lock until <see cref="Give"/>; only while processors have threads of their own.</summary>
    internal void Take()
    {
        if (!_lock.TryEnter())
        {
            bool wasInGuest = VcpuThreads.Park();
            _lock.Enter();
            VcpuThreads.Unpark(wasInGuest);
        }
    }

    /// <summary>Gives back what <see cref="Take"/> took.</summary>
    internal void Give() => _lock.Exit();

    /// <summary>Gives the lock back at the end of a using block.</summary>
    public readonly ref struct Holder
    {
        private readonly Lock? _held;

        internal Holder(Lock held)
        {
            _held = held;
        }

        /// <summary>Gives the lock back.</summary>
        public void Dispose() => _held?.Exit();
    }
}
