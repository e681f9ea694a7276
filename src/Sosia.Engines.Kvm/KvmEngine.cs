using System;
using System.Collections.Generic;
using System.ComponentModel;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>
/// The technique "hardware virtualization": the host's processor executes the guest's code, in a mode in which whatever is sensitive comes to the host's
/// KVM, and from there, when it concerns devices, to us. What KVM cannot do, the interpreter does.
/// </summary>
/// <remarks>An exact number of instructions is the interpreter's, too: KVM does not count them.</remarks>
public sealed class KvmEngine : IEngine
{
    private readonly KvmOptions _options;
    private readonly KvmSystem _system;
    private KvmMachine? _machine;

    /// <summary>Opens the host's KVM.</summary>
    /// <param name="options">What is to be other than usual; null for nothing.</param>
    /// <exception cref="SosiaException">This host has no KVM that can be used.</exception>
    public KvmEngine(KvmOptions? options = null)
    {
        _options = options ?? KvmOptions.Default;
        _system = KvmHost.TryOpen(out string? whyNot)
            ?? throw new SosiaException($"The engine 'kvm' cannot run on this host: {whyNot}; choose another --engine.", FailureKind.Host);
    }

    /// <inheritdoc/>
    public string Name => "kvm";

    /// <inheritdoc/>
    public bool RunsCpusInParallel => true;

    /// <inheritdoc/>
    public bool CountsInstructions => false;

    /// <inheritdoc/>
    public EngineCounters Counters => _machine?.Counters ?? default;

    /// <summary>Which interrupt controllers are the kernel's; known after <see cref="Attach"/>.</summary>
    public KvmIrqChip IrqChip => _machine?.IrqChip ?? _options.IrqChip;

    /// <summary>What the machine's processor model has and this host's KVM lacks, by CPUID register and bit; the guest does not see it. Known after <see cref="Attach"/>.</summary>
    public IReadOnlyList<string> MissingFeatures => _machine?.MissingFeatures ?? [];

    /// <summary>What the person should know of the machine under this KVM, in sentences. Known after <see cref="Attach"/>; more can come with a restored state.</summary>
    public IReadOnlyList<string> Notes => _machine?.Notes ?? [];

    /// <summary>Why the technique cannot run on this host, in words; null when it can.</summary>
    public static string? Probe()
    {
        using KvmSystem? system = KvmHost.TryOpen(out string? whyNot);
        return whyNot;
    }

    /// <inheritdoc/>
    public void Attach(IMachineHardware machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        if (machine.Clock.Mode == ClockMode.Deterministic)
        {
            throw new SosiaException("The deterministic clock counts instructions, which the host's processor does not tell under --engine kvm; leave --clock out, or choose another --engine.");
        }

        try
        {
            _machine = new KvmMachine(_system, machine, _options);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The host's KVM refuses the machine ({error.Message}); choose another --engine.", FailureKind.Host, error);
        }
    }

    /// <inheritdoc/>
    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        if (vcpu is not X86Cpu cpu)
        {
            throw new SosiaException($"KVM on this host cannot run a {vcpu.IsaName} processor.");
        }

        KvmMachine machine = _machine ?? throw new InvalidOperationException("The engine was not told which machine it runs.");
        KvmProcessor processor = machine.ProcessorOf(cpu);
        try
        {
            return limits.MaxInstructions == RunLimits.Unlimited ? processor.Run() : processor.RunExactly(limits);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The host's KVM failed ({error.Message}); choose another --engine.", FailureKind.Host, error);
        }
    }

    /// <inheritdoc/>
    public bool TrySetDebug(IVcpu vcpu, DebugControl control)
    {
        ArgumentNullException.ThrowIfNull(control);
        return vcpu is X86Cpu cpu && _machine is { } machine && machine.ProcessorOf(cpu).TrySetDebug(control);
    }

    /// <inheritdoc/>
    public void LeaveMachine() => _machine?.Leave();

    /// <inheritdoc/>
    public void MachineRestored() => _machine?.FitToGuest();

    /// <inheritdoc/>
    public void Dispose()
    {
        _machine?.Dispose();
        _machine = null;
        _system.Dispose();
    }
}
