using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>One machine under KVM: its memory slots, its processors and, if they are the kernel's, its interrupt controllers.</summary>
internal sealed class KvmMachine : IDisposable
{
    // Just below the firmware, where no PC has RAM: KVM uses them with Intel processors that cannot execute real-mode code otherwise.
    private const ulong TssAddress = 0xfffb_d000;
    private const ulong IdentityMapAddress = 0xfffb_c000;

    private const ulong MsrExits = 1 | 2 | 4;

    // Half a thousandth: what a guest cannot tell from its clock's own error.
    private const int TscTolerance = 2000;

    private readonly KvmVm _vm;
    private readonly HostCpuid _cpuid;
    private readonly Dictionary<X86Cpu, KvmProcessor> _processors = [];
    private readonly List<string> _notes = [];
    private readonly Lock _gate = new();
    private volatile bool _isTakenOver;
    private volatile bool _isClockGiven;

    public KvmMachine(KvmSystem system, IMachineHardware hardware, KvmOptions options)
    {
        Hardware = hardware;
        Breakpoints = new SoftwareBreakpoints(hardware.Memory);
        _cpuid = new HostCpuid(system.GetSupportedCpuid());
        _vm = system.CreateVm();
        try
        {
            _vm.SetTssAddress(TssAddress);
            _vm.SetIdentityMapAddress(IdentityMapAddress);
            _ = _vm.TryEnable(KvmCapability.ExitOnEmulationFailure, 1);
            IrqChip = Choose(system, hardware, options.IrqChip);
            Interrupts = IrqChip == KvmIrqChip.Off ? null : new KernelInterrupts(_vm, hardware, IrqChip == KvmIrqChip.On);
            KeepMsrs();
            Slots = new MemorySlots(_vm, hardware.Memory, system.Check(KvmCapability.MemorySlots));
            CollectedWrites = new CollectedWrites(system, _vm, hardware);
            Doorbells = Environment.ProcessorCount > 1 && system.Check(KvmCapability.IoEventFd) != 0 ? new Doorbells(_vm, hardware) : null;
            CreateProcessors(system);
            hardware.Memory.Ram.CollectWrites = Slots.CollectWrites;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The machine.</summary>
    public IMachineHardware Hardware { get; }

    /// <summary>Where its RAM is.</summary>
    public MemorySlots Slots { get; } = null!;

    /// <summary>Port writes that the kernel collects.</summary>
    public CollectedWrites CollectedWrites { get; } = null!;

    /// <summary>Devices' doorbells; null where each is an exit.</summary>
    public Doorbells? Doorbells { get; }

    /// <summary>A debugger's breakpoints beyond those that a processor has registers for.</summary>
    public SoftwareBreakpoints Breakpoints { get; }

    /// <summary>Which interrupt controllers are the kernel's: never <see cref="KvmIrqChip.Auto"/>.</summary>
    public KvmIrqChip IrqChip { get; }

    /// <summary>The kernel's interrupt controllers; null when all are ours.</summary>
    public KernelInterrupts? Interrupts { get; }

    /// <summary>True when the local APICs are the kernel's.</summary>
    public bool HasKernelApics => Interrupts is not null;

    /// <summary>True as soon as guest code has run by KVM.</summary>
    public bool HasRunNatively { get; set; }

    /// <summary>What the processor model has and this KVM lacks.</summary>
    public IReadOnlyList<string> MissingFeatures { get; private set; } = [];

    /// <summary>What the person should know, in sentences.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>What has been done so far.</summary>
    public EngineCounters Counters
    {
        get
        {
            Dictionary<string, long> exits = [];
            long interpreted = 0;
            long failures = 0;
            foreach (KvmProcessor processor in _processors.Values)
            {
                processor.Exits.AddTo(exits);
                interpreted += processor.InterpretedInstructions;
                failures += processor.Exits[ExitCounters.Cause.EmulationFailure];
            }

            Dictionary<string, long> spared = [];
            AddIfAny(spared, "port write", CollectedWrites.Count);
            AddIfAny(spared, "doorbell", Doorbells?.Rings ?? 0);
            AddIfAny(spared, "interrupt message", Interrupts?.MessagesByEventFd ?? 0);

            return new EngineCounters(0, 0)
            {
                InstructionsNative = -1,
                InstructionsInterpretedForHost = interpreted,
                EmulationFailures = failures,
                ExitsByCause = exits,
                SparedExits = spared,
            };
        }
    }

    /// <summary>The processor that runs one of ours.</summary>
    public KvmProcessor ProcessorOf(X86Cpu cpu) => _processors[cpu];

    /// <summary>The state of all processors and of the kernel's interrupt controllers becomes KVM's, if it is not.</summary>
    public void TakeOver()
    {
        if (_isTakenOver || Interrupts is null)
        {
            return;
        }

        lock (_gate)
        {
            if (_isTakenOver)
            {
                return;
            }

            using MachineLock.Holder held = Hardware.Memory.Threads.Devices.Enter();
            foreach (KvmProcessor processor in _processors.Values)
            {
                processor.EnsureInKvm();
            }

            Interrupts.TakeOver(_processors.Values);
            _isTakenOver = true;
        }
    }

    /// <summary>KVM's paravirtual clock goes on where the machine's stands, if it does not already.</summary>
    public void GiveClock()
    {
        if (_isClockGiven)
        {
            return;
        }

        lock (_gate)
        {
            if (!_isClockGiven && Hardware.Cpus[0] is X86Cpu cpu)
            {
                _vm.SetClock((ulong)Math.Max(0, Hardware.Clock.NowNanoseconds + cpu.ParavirtualClockOffset));
                _isClockGiven = true;
            }
        }
    }

    /// <summary>
    /// Fits counters and CPUID to a guest that was started elsewhere, after its state was put into the machine. KVM takes another CPUID only before it has run; a state
    /// that comes later is one of this machine's own.
    /// </summary>
    public void FitToGuest()
    {
        foreach ((X86Cpu cpu, KvmProcessor processor) in _processors)
        {
            SetTscFrequency(processor.Vcpu, cpu, isStarted: true);
            if (!HasRunNatively && !cpu.HiddenCpuid.AsSpan().SequenceEqual(processor.AnnouncedHidden))
            {
                SetCpuid(processor.Vcpu, cpu, isStarted: true);
                processor.AnnouncedHidden = cpu.HiddenCpuid;
            }
        }
    }

    /// <summary>The whole state becomes the machine's again. No processor runs.</summary>
    public void Leave()
    {
        foreach (KvmProcessor processor in _processors.Values)
        {
            CollectedWrites.Take(processor.Vcpu);
            processor.BringBack();
        }

        Doorbells?.Close();
        Breakpoints.Withdraw();
        if (_isTakenOver)
        {
            Interrupts!.Leave(_processors.Values);
            _isTakenOver = false;
        }

        if (_isClockGiven)
        {
            // The machine's clock stands still while the host is too busy to run it, KVM's does not: the guest's must not go back.
            long ahead = (long)_vm.GetClock() - Hardware.Clock.NowNanoseconds;
            foreach (KvmProcessor processor in _processors.Values)
            {
                processor.Cpu.ParavirtualClockOffset = ahead;
                processor.Cpu.PublishParavirtualClock();
            }

            _isClockGiven = false;
        }

        Slots.CollectWrites();
        NoteNativeWrites();
    }

    /// <summary>Tells KVM what a debugger wants of the processors.</summary>
    /// <returns>False when KVM has no such thing.</returns>
    public bool TryApplyDebug()
    {
        bool isApplied = true;
        foreach (KvmProcessor processor in _processors.Values)
        {
            isApplied &= processor.TryApplyDebug();
        }

        return isApplied;
    }

    /// <summary>Who holds code of the guest's drops it: the guest may have written anywhere since.</summary>
    public void NoteNativeWrites()
    {
        if (HasRunNatively)
        {
            Hardware.Memory.Ram.CodeMayHaveChanged();
        }
    }

    /// <summary>A local APIC of the kernel's announces the end of an interrupt of ours.</summary>
    public void EndOfInterrupt(byte vector)
    {
        using MachineLock.Holder held = Hardware.Memory.Threads.Devices.Enter();
        Hardware.Interrupts?.EndOfInterrupt(vector);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hardware.Memory.Ram.CollectWrites = null;
        Doorbells?.Dispose();
        foreach (KvmProcessor processor in _processors.Values)
        {
            processor.Dispose();
        }

        _processors.Clear();
        Interrupts?.Dispose();
        _vm.Dispose();
    }

    // The kernel's controllers spare the guest most exits, where the processor's own code reaches them. A machine whose clock jumps when all processors halt has to
    // know that they do, and one that wakes its local APICs by other ways than a PC's cannot have them replaced.
    private KvmIrqChip Choose(KvmSystem system, IMachineHardware hardware, KvmIrqChip wanted)
    {
        string? whyNot = hardware.Interrupts is null ? "this machine's interrupt controllers cannot be moved"
            : system.Check(KvmCapability.IrqChip) == 0 ? "this KVM has none"
            : hardware.Clock.Mode == ClockMode.Fast ? "the fast clock has to see when the guest is idle"
            : null;
        if (wanted == KvmIrqChip.Auto)
        {
            return whyNot is not null || KvmProbe.Report is { IsSoftware: true } ? KvmIrqChip.Off : Fits(KvmIrqChip.On) ? KvmIrqChip.On : KvmIrqChip.Split;
        }

        if (wanted == KvmIrqChip.Off)
        {
            return wanted;
        }

        whyNot ??= wanted == KvmIrqChip.Split && system.Check(KvmCapability.SplitIrqChip) == 0 ? "this KVM cannot have the local APICs alone"
            : wanted == KvmIrqChip.On && !Fits(wanted) ? "this machine has no 8259As; give --kvm-irqchip split"
            : wanted == KvmIrqChip.On && system.Check(KvmCapability.PitState2) == 0 ? "this KVM's interval timer cannot be moved"
            : null;
        return whyNot is null ? wanted
            : throw new SosiaException($"Interrupt controllers in the kernel are impossible here: {whyNot}; give --kvm-irqchip off or leave it out.");

        bool Fits(KvmIrqChip chip) => chip != KvmIrqChip.On || hardware.Interrupts!.HasPic;
    }

    private static void AddIfAny(Dictionary<string, long> counts, string name, long count)
    {
        if (count != 0)
        {
            counts[name] = count;
        }
    }

    private void KeepMsrs()
    {
        if (_vm.TryEnable(KvmCapability.UserSpaceMsr, MsrExits) != 0)
        {
            _notes.Add("This KVM keeps all model-specific registers to itself: those of the machine's processor that it lacks fault.");
            return;
        }

        (uint First, int Count)[] ours = HasKernelApics ? MsrTransfer.Ours : [.. MsrTransfer.Ours, .. MsrTransfer.OursWithApic];
        if (_vm.Check(KvmCapability.MsrFilter) == 0 || _vm.TrySetMsrFilter(ours) != 0)
        {
            _notes.Add("This KVM cannot leave chosen model-specific registers to the machine: the guest sees the host's.");
        }
    }

    private void CreateProcessors(KvmSystem system)
    {
        var known = new HashSet<uint>(system.GetMsrIndexes());
        var tscOffset = new CommonTscOffset();
        foreach (IVcpu vcpu in Hardware.Cpus)
        {
            if (vcpu is not X86Cpu cpu)
            {
                throw new SosiaException($"KVM on this host cannot run a {vcpu.IsaName} processor; choose another --engine.");
            }

            KvmVcpu own = _vm.CreateVcpu(cpu.Index);
            try
            {
                bool isStarted = cpu.RetiredInstructions != 0;
                SetTscFrequency(own, cpu, isStarted);
                SetCpuid(own, cpu, isStarted);
                var transfer = new StateTransfer(cpu, own, new MsrTransfer(cpu, own, known, tscOffset), cpu.Model.Has(Isa.X86.Decode.CpuFeature.Xsave));
                _processors.Add(cpu, new KvmProcessor(this, cpu, own, transfer) { AnnouncedHidden = cpu.HiddenCpuid });
            }
            catch
            {
                own.Dispose();
                throw;
            }
        }
    }

    // Whatever engine runs the machine, its processors announce the same: what this KVM can do. A guest that was started elsewhere has seen more.
    private void SetCpuid(KvmVcpu own, X86Cpu cpu, bool isStarted)
    {
        own.SetCpuid(_cpuid.EntriesFor(cpu));
        MissingFeatures = _cpuid.Missing;
        if (!isStarted)
        {
            cpu.HiddenCpuid = [.. cpu.HiddenCpuid, .. _cpuid.Hidden];
        }
        else if (_cpuid.Missing.Count != 0 && cpu.Index == 0)
        {
            _notes.Add($"The guest was started with processor features that this host's KVM lacks ({string.Join(", ", _cpuid.Missing)}): it may fail when it uses them.");
        }
    }

    // The guest's counter runs at the machine's frequency if the host can scale it, else at the host's, and then CPUID tells that.
    private void SetTscFrequency(KvmVcpu own, X86Cpu cpu, bool isStarted)
    {
        _ = own.TrySetTscKilohertz(cpu.TscKilohertz);
        int actual = own.GetTscKilohertz();
        if (actual == 0 || Math.Abs(actual - (long)cpu.TscKilohertz) <= cpu.TscKilohertz / TscTolerance)
        {
            return;
        }

        if (isStarted && cpu.Index == 0)
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"The guest was started with a time-stamp counter of {cpu.TscKilohertz / 1000} MHz, and this host can only run it at {actual / 1000} MHz: a guest that takes its time from the counter has a wrong clock."));
        }

        cpu.TscKilohertz = actual;
    }
}
