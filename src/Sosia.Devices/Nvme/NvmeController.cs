using System;
using System.Buffers.Binary;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Devices.Pci;
using Sosia.Images;

namespace Sosia.Devices.Nvme;

/// <summary>
/// An NVM Express 1.3 controller with one namespace. Here: its registers and queues. Commands run on the machine's thread; one that the host cannot
/// do stays at the head of its queue until it can.
/// </summary>
public sealed partial class NvmeController : PciFunction, IMmioDevice
{
    /// <summary>How many pairs of queues there can be besides the administrative one.</summary>
    public const int MaxIoQueues = 16;

    internal const int VectorCount = MaxIoQueues + 1;

    private const int RegisterBar = 0;
    private const int MsixBar = 4;
    private const ulong RegisterByteCount = 0x4000;
    private const int Doorbells = 0x1000;

    private const int Capabilities = 0x00;
    private const int VersionRegister = 0x08;
    private const int InterruptMaskSet = 0x0c;
    private const int InterruptMaskClear = 0x10;
    private const int ControllerConfiguration = 0x14;
    private const int ControllerStatus = 0x1c;
    private const int AdminQueueAttributes = 0x24;
    private const int AdminSubmissionBase = 0x28;
    private const int AdminCompletionBase = 0x30;

    private const uint Version = 0x0001_0300;
    private const uint MaxQueueSize = 1024;

    // Queues contiguous, 10 s to become ready, NVM command set, pages of 4 KiB only.
    private const ulong CapabilityBits = (MaxQueueSize - 1) | (1UL << 16) | (20UL << 24) | (1UL << 37);

    private const uint ConfigurationEnable = 1;
    private const uint ConfigurationWritable = 0x00ff_fff1;
    private const uint StatusReady = 1;
    private const uint StatusFatal = 2;
    private const uint StatusShutdownMask = 3 << 2;
    private const uint StatusShutdownBusy = 1 << 2;
    private const uint StatusShutdownDone = 2 << 2;

    private const int PageByteCount = 4096;
    private const int CompletionByteCount = 16;

    // How much is done before the guest gets its turn.
    private const int CommandsPerTurn = 64;
    private const ulong BytesPerTurn = 16 * 1024 * 1024;

    private readonly MachineClock _clock;
    private readonly MemoryBus _memory;
    private readonly DiagnosticLog _log;
    private readonly BlockDrive _drive;
    private readonly string _serial;
    private readonly ScatterList _list;
    private readonly ClockTimer _timer;
    private readonly NvmeSubmissionQueue[] _submission = new NvmeSubmissionQueue[MaxIoQueues + 1];
    private readonly NvmeCompletionQueue[] _completion = new NvmeCompletionQueue[MaxIoQueues + 1];
    private uint _configuration;
    private uint _status;
    private uint _interruptMask;
    private uint _adminAttributes;
    private ulong _adminSubmission;
    private ulong _adminCompletion;
    private int _nextQueue;

    /// <summary>Creates the controller.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where queues and data are.</param>
    /// <param name="drive">The namespace's contents.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public NvmeController(string name, MachineClock clock, MemoryBus memory, BlockDrive drive, string serial, DiagnosticLog log)
        : base(name, new PciIdentity(0x1b36, 0x0010, 0x010802, Revision: 2, 0x1af4, 0x1100), interruptPin: 1)
    {
        ArgumentNullException.ThrowIfNull(drive);
        _clock = clock;
        _memory = memory;
        _log = log;
        _drive = drive;
        _serial = serial;
        _list = new ScatterList(memory);
        _timer = clock.CreateTimer(name, GoOn);
        for (int i = 0; i <= MaxIoQueues; i++)
        {
            _submission[i] = new NvmeSubmissionQueue();
            _completion[i] = new NvmeCompletionQueue();
        }

        AddMemoryBar(RegisterBar, RegisterByteCount, this, is64Bit: true);
        AddMsix(VectorCount, MsixBar);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _configuration = 0;
        _adminAttributes = 0;
        _adminSubmission = _adminCompletion = 0;
        ResetController();
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            int at = (int)offset + i;
            value |= (ulong)(byte)(ReadRegister(at & ~3) >> (8 * (at & 3))) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        // Registers are accessed in halves or as a whole (NVM Express 1.3, 3.1).
        if (byteCount < 4 || (offset & 3) != 0)
        {
            _log.GuestMisuse(Name, "register written in part", offset);
            return;
        }

        for (int done = 0; done < byteCount; done += 4)
        {
            WriteRegister((int)offset + done, (uint)(value >> (8 * done)));
        }
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        _drive.Save(writer, "drive.");
        writer.Write("configuration", _configuration);
        writer.Write("status", _status);
        writer.Write("interruptMask", _interruptMask);
        writer.Write("adminAttributes", _adminAttributes);
        writer.Write("adminSubmission", _adminSubmission);
        writer.Write("adminCompletion", _adminCompletion);
        writer.Write("nextQueue", _nextQueue);
        writer.Write("timerArmed", _timer.IsArmed);
        writer.Write("timerDeadline", _timer.IsArmed ? _timer.DeadlineNanoseconds : 0);
        for (int i = 0; i <= MaxIoQueues; i++)
        {
            _submission[i].Save(writer, $"submission{i}.");
            _completion[i].Save(writer, $"completion{i}.");
        }

        SaveAdministration(writer);
    }

    /// <inheritdoc/>
    /// <exception cref="SosiaException">The snapshot is damaged, or has another drive.</exception>
    public override void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        _drive.Restore(reader, "drive.");
        _configuration = reader.ReadUInt32("configuration");
        _status = reader.ReadUInt32("status");
        _interruptMask = reader.ReadUInt32("interruptMask");
        _adminAttributes = reader.ReadUInt32("adminAttributes");
        _adminSubmission = reader.ReadUInt64("adminSubmission");
        _adminCompletion = reader.ReadUInt64("adminCompletion");
        _nextQueue = Math.Clamp(reader.ReadInt32("nextQueue"), 0, MaxIoQueues);
        _timer.Cancel();
        if (reader.ReadBoolean("timerArmed"))
        {
            _timer.Arm(reader.ReadInt64("timerDeadline"));
        }

        for (int i = 0; i <= MaxIoQueues; i++)
        {
            _submission[i].Restore(reader, $"submission{i}.");
            _completion[i].Restore(reader, $"completion{i}.");
        }

        RestoreAdministration(reader);
    }

    private bool IsReady => (_status & (StatusReady | StatusFatal)) == StatusReady;

    private uint ReadRegister(int offset) => offset switch
    {
        Capabilities => (uint)(CapabilityBits & 0xffff_ffff),
        Capabilities + 4 => (uint)(CapabilityBits >> 32),
        VersionRegister => Version,
        InterruptMaskSet or InterruptMaskClear => _interruptMask,
        ControllerConfiguration => _configuration,
        ControllerStatus => _status,
        AdminQueueAttributes => _adminAttributes,
        AdminSubmissionBase => (uint)_adminSubmission,
        AdminSubmissionBase + 4 => (uint)(_adminSubmission >> 32),
        AdminCompletionBase => (uint)_adminCompletion,
        AdminCompletionBase + 4 => (uint)(_adminCompletion >> 32),
        _ => 0,
    };

    private void WriteRegister(int offset, uint value)
    {
        switch (offset)
        {
            case >= Doorbells:
                RingDoorbell(offset - Doorbells, value);
                break;
            case InterruptMaskSet:
                _interruptMask |= value;
                UpdateInterrupt();
                break;
            case InterruptMaskClear:
                _interruptMask &= ~value;
                UpdateInterrupt();
                break;
            case ControllerConfiguration:
                WriteConfiguration(value & ConfigurationWritable);
                break;
            case AdminQueueAttributes:
                _adminAttributes = value & 0x0fff_0fff;
                break;
            case AdminSubmissionBase:
                _adminSubmission = (_adminSubmission & ~0xffff_ffffUL) | (value & ~0xfffu);
                break;
            case AdminSubmissionBase + 4:
                _adminSubmission = (uint)_adminSubmission | ((ulong)value << 32);
                break;
            case AdminCompletionBase:
                _adminCompletion = (_adminCompletion & ~0xffff_ffffUL) | (value & ~0xfffu);
                break;
            case AdminCompletionBase + 4:
                _adminCompletion = (uint)_adminCompletion | ((ulong)value << 32);
                break;
        }
    }

    private void WriteConfiguration(uint value)
    {
        uint before = _configuration;
        _configuration = value;
        if ((value & ~before & ConfigurationEnable) != 0)
        {
            Enable();
        }
        else if ((~value & before & ConfigurationEnable) != 0)
        {
            ResetController();
        }

        if (((value >> 14) & 3) != 0 && ((before >> 14) & 3) == 0)
        {
            _status = (_status & ~StatusShutdownMask) | StatusShutdownBusy;
            GoOnLater();
        }
    }

    private void Enable()
    {
        uint submissionSize = (_adminAttributes & 0xfff) + 1;
        uint completionSize = ((_adminAttributes >> 16) & 0xfff) + 1;
        bool isPossible = ((_configuration >> 4) & 7) == 0 && ((_configuration >> 7) & 15) == 0 && ((_configuration >> 11) & 7) == 0
            && submissionSize >= 2 && completionSize >= 2;
        if (!isPossible)
        {
            _log.GuestMisuse(Name, "enabled with a configuration that it does not have", _configuration);
            _status |= StatusFatal;
            return;
        }

        _submission[0].Create(_adminSubmission, submissionSize, 0);
        _completion[0].Create(_adminCompletion, completionSize, 0, isInterrupting: true);
        _status = StatusReady;
    }

    private void ResetController()
    {
        _timer.Cancel();
        _status = 0;
        _interruptMask = 0;
        _nextQueue = 0;
        for (int i = 0; i <= MaxIoQueues; i++)
        {
            _submission[i].Exists = false;
            _completion[i].Exists = false;
        }

        ResetAdministration();
        UpdateInterrupt();
    }

    private void RingDoorbell(int offset, uint value)
    {
        int queue = offset / 8;
        bool isCompletion = (offset & 4) != 0;
        if (!IsReady)
        {
            return;
        }

        if (queue > MaxIoQueues || !(isCompletion ? _completion[queue].Exists : _submission[queue].Exists))
        {
            ReportInvalidDoorbell(isInvalidValue: false, (ulong)offset);
            return;
        }

        if (value >= (isCompletion ? _completion[queue].Size : _submission[queue].Size))
        {
            ReportInvalidDoorbell(isInvalidValue: true, value);
            return;
        }

        if (isCompletion)
        {
            bool wasFull = _completion[queue].IsFull;
            _completion[queue].Head = value;
            UpdateInterrupt();
            if (wasFull)
            {
                GoOnLater();
            }
        }
        else
        {
            _submission[queue].Tail = value;
            GoOnLater();
        }
    }

    private void GoOnLater()
    {
        if (!_timer.IsArmed)
        {
            _timer.Arm(_clock.NowNanoseconds + 1);
        }
    }

    // Queues take turns, one command each.
    private void GoOn()
    {
        if ((_status & StatusShutdownMask) == StatusShutdownBusy && !TryShutDown())
        {
            return;
        }

        if (!IsReady || !IsBusMaster)
        {
            return;
        }

        ulong moved = 0;
        uint toInterrupt = 0;
        int commands = 0;
        int idleQueues = 0;
        bool isStopped = false;
        while (idleQueues <= MaxIoQueues && commands < CommandsPerTurn && moved < BytesPerTurn && !isStopped && IsReady)
        {
            int index = _nextQueue;
            NvmeSubmissionQueue queue = _submission[index];
            if (!queue.Exists || queue.Head == queue.Tail || _completion[queue.CompletionQueue].IsFull)
            {
                idleQueues++;
            }
            else
            {
                idleQueues = 0;
                commands++;
                isStopped = !RunCommand(index, ref moved, ref toInterrupt);
            }

            _nextQueue = isStopped ? index : (index + 1) % (MaxIoQueues + 1);
        }

        Interrupt(toInterrupt);
        if (isStopped || idleQueues <= MaxIoQueues)
        {
            GoOnLater();
        }
    }

    // False when the host cannot go on.
    private bool RunCommand(int index, ref ulong moved, ref uint toInterrupt)
    {
        NvmeSubmissionQueue queue = _submission[index];
        Span<byte> bytes = stackalloc byte[NvmeCommand.ByteCount];
        if (!_memory.ReadBytes(queue.Base + ((ulong)queue.Head * NvmeCommand.ByteCount), bytes))
        {
            _log.GuestMisuse(Name, "submission queue outside RAM", queue.Base);
            _status |= StatusFatal;
            return true;
        }

        var command = new NvmeCommand(bytes);
        uint result = 0;
        ushort? status = index == 0 ? RunAdministration(command, ref result) : RunIo(command, ref moved);
        if (status is null && _isHeld)
        {
            _isHeld = false;
            return false;
        }

        queue.Head = (queue.Head + 1) % Math.Max(queue.Size, 1);
        if (status is { } code)
        {
            Complete(index, command.Id, result, code);
            toInterrupt |= 1u << queue.CompletionQueue;
        }

        return true;
    }

    private void Complete(int index, ushort commandId, uint result, ushort status)
    {
        NvmeSubmissionQueue queue = _submission[index];
        NvmeCompletionQueue completions = _completion[queue.CompletionQueue];
        Span<byte> entry = stackalloc byte[CompletionByteCount];
        entry.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(entry, result);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)queue.Head);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)index);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[12..], commandId);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[14..], (ushort)((status << 1) | (completions.Phase ? 1 : 0)));
        if (!_memory.WriteBytes(completions.Base + ((ulong)completions.Tail * CompletionByteCount), entry))
        {
            _log.GuestMisuse(Name, "completion queue outside RAM", completions.Base);
            _status |= StatusFatal;
            return;
        }

        completions.Tail = (completions.Tail + 1) % completions.Size;
        completions.Phase ^= completions.Tail == 0;
    }

    private void Interrupt(uint queues)
    {
        for (int i = 0; i <= MaxIoQueues; i++)
        {
            if ((queues & (1u << i)) != 0 && _completion[i].Exists && _completion[i].IsInterrupting && !_completion[i].IsEmpty)
            {
                Msix!.Raise(_completion[i].Vector);
            }
        }

        UpdateInterrupt();
    }

    // The pin is asserted while a completion waits.
    private void UpdateInterrupt()
    {
        bool asserted = false;
        if (!Msix!.IsEnabled)
        {
            foreach (NvmeCompletionQueue queue in _completion)
            {
                asserted |= queue.Exists && queue.IsInterrupting && !queue.IsEmpty && (queue.Vector >= 32 || (_interruptMask & (1u << queue.Vector)) == 0);
            }
        }

        SetInterrupt(asserted);
    }

    private bool TryShutDown()
    {
        if (_drive.Flush() == BlockResult.Stopped)
        {
            GoOnLater();
            return false;
        }

        _status = (_status & ~StatusShutdownMask) | StatusShutdownDone;
        return true;
    }
}
