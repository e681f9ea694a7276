using System;
using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Host.Linux.Kvm;
using Sosia.Host.Linux.Threading;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Kvm;

/// <summary>
/// The kernel's interrupt controllers in the place of the machine's: all of a PC's with its interval timer, or the local APICs alone. Messages of devices go
/// through an eventfd each, so that the kernel finds their route once.
/// </summary>
internal sealed class KernelInterrupts : IInterruptAccelerator, IDisposable
{
    private const int InputCount = 24;
    private const int TimerInput = 2;
    private const int CascadeInput = 2;
    private const int PicInputs = 8;
    private const int MaxMessageRoutes = 256;
    private const uint LevelTriggered = 1 << 15;

    // The mode that the kernel gives a channel that nobody has programmed. With any other it would begin to count, and interrupt.
    private const byte UntouchedPitMode = 0xff;

    private readonly KvmVm _vm;
    private readonly IMachineHardware _hardware;
    private readonly IInterruptHardware _own;
    private readonly List<KvmRoute> _routes = [];
    private readonly Dictionary<(ulong Address, uint Data), WakeEvent> _messages = [];
    private readonly byte[] _page = new byte[KvmVcpu.LocalApicByteCount];
    private bool _isExternalAsserted;

    public KernelInterrupts(KvmVm vm, IMachineHardware hardware, bool takesWires)
    {
        _vm = vm;
        _hardware = hardware;
        _own = hardware.Interrupts!;
        TakesWires = takesWires;
        if (takesWires)
        {
            vm.CreateIrqChip();
            vm.CreatePit();
            AddBoardRoutes();
        }
        else
        {
            int error = vm.TryEnable(KvmCapability.SplitIrqChip, InputCount);
            if (error != 0)
            {
                throw new System.ComponentModel.Win32Exception(error);
            }

            for (uint input = 0; input < InputCount; input++)
            {
                _routes.Add(KvmRoute.ToMessage(input, 0, 0));
            }
        }

        vm.SetRouting([.. _routes]);
    }

    /// <inheritdoc/>
    public bool TakesWires { get; }

    /// <summary>Messages sent through an eventfd so far.</summary>
    public long MessagesByEventFd { get; private set; }

    /// <summary>The state of the machine's controllers becomes the kernel's. Under the lock of the devices; no processor runs.</summary>
    public void TakeOver(IEnumerable<KvmProcessor> processors)
    {
        if (TakesWires)
        {
            GiveChips();
        }

        foreach (KvmProcessor processor in processors)
        {
            GiveLocalApic(processor);
        }

        _own.Accelerator = this;
    }

    /// <summary>The state of the kernel's controllers becomes the machine's. No processor runs.</summary>
    public void Leave(IEnumerable<KvmProcessor> processors)
    {
        using MachineLock.Holder held = _hardware.Memory.Threads.Devices.Enter();
        _own.Accelerator = null;
        if (TakesWires)
        {
            TakeChips();
        }

        foreach (KvmProcessor processor in processors)
        {
            TakeLocalApic(processor);
        }
    }

    /// <inheritdoc/>
    public void SetWire(int input, bool asserted) => _vm.SetIrqLine((uint)input, asserted);

    /// <inheritdoc/>
    public void SetTimerReplaced(bool isReplaced)
    {
        _vm.GetPit(out KvmPitState pit);
        pit.Flags = (pit.Flags & ~KvmPitState.HpetLegacy) | (isReplaced ? KvmPitState.HpetLegacy : 0);
        _vm.SetPit(pit);
    }

    /// <inheritdoc/>
    public void SendMessage(ulong address, uint data)
    {
        if ((data & LevelTriggered) == 0 && RouteOf(address, data) is { } route)
        {
            MessagesByEventFd++;
            route.Set();
        }
        else
        {
            _ = _vm.SignalMsi(address, data);
        }
    }

    /// <inheritdoc/>
    public void SetExternalInterrupt(bool asserted)
    {
        _isExternalAsserted = asserted;
        if (asserted)
        {
            _hardware.Cpus[0].RequestAttention();
        }
    }

    /// <inheritdoc/>
    public void SetIoApicEntry(int input, ulong address, uint data, bool isMasked)
    {
        _routes[input] = isMasked ? KvmRoute.ToMessage((uint)input, 0, 0) : KvmRoute.ToMessage((uint)input, address, data);
        _vm.SetRouting([.. _routes]);
    }

    /// <summary>Gives a processor the 8259A pair's interrupt, if it has one and the processor can take it.</summary>
    /// <returns>True when one is left for which the processor has to say that it can take it.</returns>
    public bool InjectExternal(KvmProcessor processor, bool isReady)
    {
        // The pair's output leads to the first processor, as PCs have it.
        if (!_isExternalAsserted || processor.Cpu.Index != 0)
        {
            return false;
        }

        if (isReady)
        {
            using MachineLock.Holder held = _hardware.Memory.Threads.Devices.Enter();
            int vector = _own.AcknowledgeExternalInterrupt();
            if (vector >= 0)
            {
                processor.Vcpu.InjectInterrupt(vector);
                processor.Cpu.EventCounts[vector]++;
            }
        }

        return _isExternalAsserted;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _own.Accelerator = null;
        foreach (WakeEvent message in _messages.Values)
        {
            message.Dispose();
        }

        _messages.Clear();
    }

    // Wire n is input n of the 8259As and of the I/O APIC, but the timer's wire 0 is the I/O APIC's input 2.
    private void AddBoardRoutes()
    {
        for (uint wire = 0; wire < InputCount; wire++)
        {
            if (wire < 2 * PicInputs && wire != CascadeInput)
            {
                _routes.Add(KvmRoute.ToChip(wire, wire < PicInputs ? KvmIrqChipState.MasterPic : KvmIrqChipState.SlavePic, wire % PicInputs));
            }

            if (wire != TimerInput)
            {
                _routes.Add(KvmRoute.ToChip(wire, KvmIrqChipState.IoApic, wire == 0 ? TimerInput : wire));
            }
        }
    }

    private WakeEvent? RouteOf(ulong address, uint data)
    {
        if (_messages.TryGetValue((address, data), out WakeEvent? known))
        {
            return known;
        }

        if (_messages.Count >= MaxMessageRoutes)
        {
            return null;
        }

        var gsi = (uint)(InputCount + _messages.Count);
        var created = new WakeEvent();
        _routes.Add(KvmRoute.ToMessage(gsi, address, data));
        _vm.SetRouting([.. _routes]);
        if (_vm.TrySetIrqFd(created.FileDescriptor, gsi, isAssigned: true) != 0)
        {
            created.Dispose();
            _routes.RemoveAt(_routes.Count - 1);
            return null;
        }

        _messages.Add((address, data), created);
        return created;
    }

    private void GiveLocalApic(KvmProcessor processor)
    {
        X86Cpu cpu = processor.Cpu;
        cpu.Withdraw(PendingEvent.Interrupt);
        _own.ExportLocalApic(cpu.Index, _page);
        processor.Vcpu.SetLocalApic(_page);
        Span<KvmMsrEntry> deadline = [new KvmMsrEntry(Msr.TscDeadline, cpu.InterruptController?.TimerDeadline ?? 0)];
        _ = processor.Vcpu.SetMsrs(deadline);
        processor.GiveMpState();
    }

    private void TakeLocalApic(KvmProcessor processor)
    {
        processor.TakeMpState();
        processor.Vcpu.GetLocalApic(_page);
        Span<KvmMsrEntry> deadline = [new KvmMsrEntry(Msr.TscDeadline, 0)];
        _ = processor.Vcpu.GetMsrs(deadline);
        processor.TakeApicBase();
        _own.ImportLocalApic(processor.Cpu.Index, _page, deadline[0].Value);
    }

    private unsafe void GiveChips()
    {
        // The kernel still knows the wires' levels of the time before, and would take a wire that went high meanwhile for no news.
        for (uint wire = 0; wire < InputCount; wire++)
        {
            _vm.SetIrqLine(wire, false);
        }

        for (int chip = 0; chip < 2; chip++)
        {
            _vm.SetIrqChip(ToKvm(chip, _own.ExportPic(chip)));
        }

        IoApicRegisters registers = _own.ExportIoApic();
        // The processor's window is where every PC has it; the kernel tells the id and levels apart from it.
        _vm.GetIrqChip(KvmIrqChipState.IoApic, out KvmIrqChipState state);
        state.IoApicSelect = registers.Select;
        state.IoApicId = registers.Id;
        state.IoApicLines = 0;
        for (int i = 0; i < InputCount; i++)
        {
            state.IoApicEntries[i] = registers.Entries[i];
        }

        _vm.SetIrqChip(state);
        _vm.GetPit(out KvmPitState pit);
        pit.Channel0 = ToKvm(_own.ExportPit(0));
        pit.Channel1 = ToKvm(_own.ExportPit(1));
        pit.Channel2 = ToKvm(_own.ExportPit(2));
        pit.Flags = (_own.IsTimerReplaced ? KvmPitState.HpetLegacy : 0) | (_own.SpeakerData ? KvmPitState.SpeakerData : 0);
        _vm.SetPit(pit);
    }

    private unsafe void TakeChips()
    {
        for (int chip = 0; chip < 2; chip++)
        {
            _vm.GetIrqChip((uint)chip, out KvmIrqChipState pic);
            PicRegisters registers = _own.ExportPic(chip);
            FromKvm(pic, ref registers);
            _own.ImportPic(chip, registers);
        }

        _vm.GetIrqChip(KvmIrqChipState.IoApic, out KvmIrqChipState state);
        IoApicRegisters ioApic = _own.ExportIoApic();
        ioApic.Select = (byte)state.IoApicSelect;
        ioApic.Id = (byte)state.IoApicId;
        for (int i = 0; i < InputCount; i++)
        {
            ioApic.Entries[i] = state.IoApicEntries[i];
        }

        _own.ImportIoApic(ioApic);
        _vm.GetPit(out KvmPitState pit);
        _own.ImportPit(0, FromKvm(pit.Channel0));
        _own.ImportPit(1, FromKvm(pit.Channel1));
        _own.ImportPit(2, FromKvm(pit.Channel2));
        _own.SpeakerData = (pit.Flags & KvmPitState.SpeakerData) != 0;
    }

    // The order of struct kvm_pic_state.
    private static unsafe KvmIrqChipState ToKvm(int chip, in PicRegisters pic)
    {
        var state = new KvmIrqChipState { Chip = (uint)chip };
        ReadOnlySpan<byte> fields =
        [
            pic.Lines, pic.Requests, pic.Mask, pic.InService, (byte)((pic.LowestPriority + 1) & 7), pic.VectorBase, Bit(pic.ReadsInService), Bit(pic.Poll),
            Bit(pic.SpecialMask), (byte)(pic.ExpectedWord == 0 ? 0 : pic.ExpectedWord - 1), Bit(pic.AutoEoi), Bit(pic.RotatesOnAutoEoi),
            Bit(pic.SpecialFullyNested), Bit(pic.NeedsIcw4), pic.EdgeLevel, (byte)(chip == 0 ? 0xf8 : 0xde),
        ];
        // SAFETY: sixteen bytes into an array of sixteen.
        fields.CopyTo(new Span<byte>(state.Pic, 16));
        return state;
    }

    private static unsafe void FromKvm(in KvmIrqChipState state, ref PicRegisters pic)
    {
        // What the kernel's chip does not hold (the wires' levels of level-triggered inputs, ICW3) stays as it was.
        pic.Requests = state.Pic[1];
        pic.Mask = state.Pic[2];
        pic.InService = state.Pic[3];
        pic.LowestPriority = (byte)((state.Pic[4] - 1) & 7);
        pic.VectorBase = state.Pic[5];
        pic.ReadsInService = state.Pic[6] != 0;
        pic.Poll = state.Pic[7] != 0;
        pic.SpecialMask = state.Pic[8] != 0;
        pic.ExpectedWord = (byte)(state.Pic[9] == 0 ? 0 : state.Pic[9] + 1);
        pic.AutoEoi = state.Pic[10] != 0;
        pic.RotatesOnAutoEoi = state.Pic[11] != 0;
        pic.SpecialFullyNested = state.Pic[12] != 0;
        pic.NeedsIcw4 = state.Pic[13] != 0;
        pic.EdgeLevel = state.Pic[14];
    }

    private static KvmPitChannel ToKvm(in PitChannelRegisters channel) => new()
    {
        Count = (uint)channel.Count,
        Mode = channel.Count == 0 ? UntouchedPitMode : (byte)channel.Mode,
        AccessMode = (byte)channel.AccessMode,
        Bcd = Bit(channel.IsBcd),
        Gate = Bit(channel.Gate),
        LatchedCount = channel.LatchedCount ?? 0,
        CountLatched = (byte)(channel.LatchedCount is null ? 0 : channel.AccessMode),
        Status = channel.LatchedStatus ?? 0,
        StatusLatched = Bit(channel.LatchedStatus is not null),
        ReadState = (byte)(channel.AccessMode == 3 && channel.ReadsHighByte ? 4 : channel.AccessMode),
        WriteState = (byte)(channel.AccessMode == 3 && channel.WrittenLowByte is not null ? 4 : channel.AccessMode),
        WriteLatch = channel.WrittenLowByte ?? 0,
    };

    private static PitChannelRegisters FromKvm(in KvmPitChannel channel) => new()
    {
        Count = channel.Mode == UntouchedPitMode ? 0 : (int)channel.Count,
        Mode = channel.Mode == UntouchedPitMode ? 0 : channel.Mode,
        AccessMode = Math.Clamp(channel.AccessMode, (byte)1, (byte)3),
        IsBcd = channel.Bcd != 0,
        Gate = channel.Gate != 0,
        LatchedCount = channel.CountLatched != 0 ? channel.LatchedCount : null,
        LatchedStatus = channel.StatusLatched != 0 ? channel.Status : null,
        ReadsHighByte = channel.ReadState == 4 || channel.CountLatched == 4,
        WrittenLowByte = channel.WriteState == 4 ? channel.WriteLatch : null,
    };

    private static byte Bit(bool value) => (byte)(value ? 1 : 0);
}
