using Sosia.Core.Execution;

namespace Sosia.Core.Interrupts;

/// <summary>A processor's way to its interrupt controller under the lock of the devices, because messages from other processors' threads reach it too.</summary>
public sealed class LockedInterruptController : ILocalInterruptController
{
    private readonly ILocalInterruptController _controller;
    private readonly MachineLock _lock;

    /// <summary>Wraps a controller.</summary>
    public LockedInterruptController(ILocalInterruptController controller, MachineLock devices)
    {
        _controller = controller;
        _lock = devices;
    }

    /// <inheritdoc/>
    public byte TaskPriorityClass
    {
        get
        {
            using MachineLock.Holder held = _lock.Enter();
            return _controller.TaskPriorityClass;
        }

        set
        {
            using MachineLock.Holder held = _lock.Enter();
            _controller.TaskPriorityClass = value;
        }
    }

    /// <inheritdoc/>
    public ulong BaseRegister
    {
        get
        {
            using MachineLock.Holder held = _lock.Enter();
            return _controller.BaseRegister;
        }
    }

    /// <inheritdoc/>
    public ulong TimerDeadline
    {
        get
        {
            using MachineLock.Holder held = _lock.Enter();
            return _controller.TimerDeadline;
        }

        set
        {
            using MachineLock.Holder held = _lock.Enter();
            _controller.TimerDeadline = value;
        }
    }

    /// <inheritdoc/>
    public int AcknowledgeInterrupt()
    {
        using MachineLock.Holder held = _lock.Enter();
        return _controller.AcknowledgeInterrupt();
    }

    /// <inheritdoc/>
    public bool TrySetBaseRegister(ulong value)
    {
        using MachineLock.Holder held = _lock.Enter();
        return _controller.TrySetBaseRegister(value);
    }

    /// <inheritdoc/>
    public bool TryReadRegister(uint register, out ulong value)
    {
        using MachineLock.Holder held = _lock.Enter();
        return _controller.TryReadRegister(register, out value);
    }

    /// <inheritdoc/>
    public bool TryWriteRegister(uint register, ulong value)
    {
        using MachineLock.Holder held = _lock.Enter();
        return _controller.TryWriteRegister(register, value);
    }

    /// <inheritdoc/>
    public void CpuInitialized()
    {
        using MachineLock.Holder held = _lock.Enter();
        _controller.CpuInitialized();
    }
}
