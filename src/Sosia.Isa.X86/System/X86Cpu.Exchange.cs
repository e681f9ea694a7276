using System;
using System.Buffers.Binary;
using System.Threading;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>For engines that keep the state elsewhere while the guest runs (the host's hypervisor): what the structure alone does not tell.</content>
public sealed unsafe partial class X86Cpu
{
    /// <summary>The frequency of the time-stamp counter unless an engine has to let it run at the host's.</summary>
    public const int UsualTscKilohertz = 1_000_000;

    private const int MinTscKilohertz = 1_000;
    private const int MaxTscKilohertz = 100_000_000;

    private int _tscKilohertz = UsualTscKilohertz;

    /// <summary>The frequency of the time-stamp counter, 1 MHz to 100 GHz. A change lets the counter go on from its present value.</summary>
    public int TscKilohertz
    {
        get => _tscKilohertz;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, MinTscKilohertz);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxTscKilohertz);
            if (value != _tscKilohertz)
            {
                long now = Clock.NowNanoseconds;
                ulong counter = TicksAt(now) + State->TscOffset;
                _tscKilohertz = value;
                State->TscOffset = counter - TicksAt(now);
            }
        }
    }

    /// <summary>What CPUID does not tell of the <see cref="Model"/>; to be set before the guest's first instruction, and part of the saved state.</summary>
    public HiddenCpuidBits[] HiddenCpuid { get; set; } = [];

    /// <summary>True when the next instruction stands in the shadow of STI, MOV SS or POP SS: no interrupt before it.</summary>
    public bool IsInInterruptShadow => _shadowAt == RetiredInstructions;

    /// <summary>True when that shadow also holds back debug traps (MOV SS, POP SS).</summary>
    public bool DoesShadowHideDebug => IsInInterruptShadow && _shadowHidesDebug;

    /// <summary>The page number of the last start-up message.</summary>
    public byte StartupVector => _startupVector;

    /// <summary>An engine that does not go by <see cref="ServiceEvents"/> stands at an instruction boundary.</summary>
    public void PassBoundary() => Interlocked.Increment(ref _boundariesPassed);

    /// <summary>
    /// Everything in <see cref="State"/> was replaced from outside, between two instructions: derives what depends on it and forgets what was cached.
    /// </summary>
    /// <param name="isInShadow">Whether the next instruction stands in an interrupt shadow.</param>
    /// <param name="hidesDebug">Whether the shadow holds back debug traps.</param>
    public void StateReplaced(bool isInShadow, bool hidesDebug)
    {
        X86State* st = State;
        st->CurrentOp = null;
        st->Exit = Execution.BlockExit.None;
        // Another instruction than any that was noted: whoever replaced the state does not say how many were executed.
        st->RetiredAtBlock++;
        _shadowAt = isInShadow ? st->RetiredAtBlock : -1;
        _shadowHidesDebug = hidesDebug;
        _stepFrom = -1;
        _resumeFlagAt = (st->SystemFlags & ControlBits.Rf) != 0 ? st->RetiredAtBlock : -1;
        _hasFaultRip = false;
        for (SegmentRegister* segment = &st->Es; segment <= &st->Gs; segment++)
        {
            segment->UpdateFastLimits();
        }

        UpdateDebug();
        UpdateMode();
        FlushTlb(keepGlobal: false);
    }

    /// <summary>Writes x87 and vector state as XSAVE does in 64-bit code, in the standard form, with every component that XCR0 knows marked as present.</summary>
    /// <param name="area">Takes at least 832 bytes; what no component uses is cleared.</param>
    public void ExportExtendedState(Span<byte> area)
    {
        X86State* st = State;
        area.Clear();
        ExtendedState.SaveX87(st, area, isWide: true);
        ExtendedState.SaveMxcsr(st, area);
        ExtendedState.SaveHalves(st, area[ExtendedState.XmmAt..], upper: 0, count: 16);
        bool hasAvx = (Model.SupportedXcr0 & ExtendedState.ComponentAvx) != 0;
        if (hasAvx)
        {
            ExtendedState.SaveHalves(st, area[ExtendedState.LegacyAndHeaderByteCount..], upper: 1, count: 16);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(
            area[ExtendedState.HeaderAt..], ExtendedState.ComponentX87 | ExtendedState.ComponentSse | (hasAvx ? ExtendedState.ComponentAvx : 0));
    }

    /// <summary>Takes x87 and vector state from XSAVE's standard form; components that are not marked as present get their initial state.</summary>
    /// <param name="area">At least 832 bytes.</param>
    public void ImportExtendedState(ReadOnlySpan<byte> area)
    {
        X86State* st = State;
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[ExtendedState.HeaderAt..]);
        if ((present & ExtendedState.ComponentX87) != 0)
        {
            ExtendedState.LoadX87(st, area, isWide: true);
        }
        else
        {
            ExtendedState.InitializeX87(st);
        }

        st->Mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(area[ExtendedState.MxcsrAt..]) & 0xffff;
        new Span<ulong>(st->Vector, 64).Clear();
        if ((present & ExtendedState.ComponentSse) != 0)
        {
            ExtendedState.LoadHalves(st, area[ExtendedState.XmmAt..], upper: 0, count: 16);
        }

        if ((present & ExtendedState.ComponentAvx) != 0)
        {
            ExtendedState.LoadHalves(st, area[ExtendedState.LegacyAndHeaderByteCount..], upper: 1, count: 16);
        }
    }

    /// <summary>The time-stamp counter's ticks in a number of guest nanoseconds.</summary>
    private ulong TicksAt(long nanoseconds)
        => _tscKilohertz == UsualTscKilohertz ? (ulong)nanoseconds : (ulong)((UInt128)(ulong)nanoseconds * (uint)_tscKilohertz / UsualTscKilohertz);
}
