using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Kvm;
using Sosia.Host.Linux.Memory;

namespace Sosia.Engines.Kvm;

/// <summary>Looks at the host's KVM: asks what it can do, and measures how fast it runs guest code in both modes by a tiny virtual machine.</summary>
public static unsafe class KvmProbe
{
    private const int MemoryByteCount = 0x4000;
    private const uint CodeAt = 0x1000;
    private const uint StackAt = 0x2000;
    private const int InstructionsPerRound = 2;
    private const uint WarmUpRounds = 100;
    private const uint FewRounds = 50_000;
    private const uint ManyRounds = 4_000_000;
    private const int MaxExits = 1000;
    private const byte FlatCode = 0xb;
    private const byte FlatData = 3;

    private static readonly KvmCapability[] Interesting =
    [
        KvmCapability.IrqChip, KvmCapability.SplitIrqChip, KvmCapability.PitState2, KvmCapability.IrqFd, KvmCapability.IoEventFd, KvmCapability.CoalescedMmio,
        KvmCapability.ReadOnlyMemory, KvmCapability.TscControl, KvmCapability.TscDeadlineTimer, KvmCapability.AdjustClock, KvmCapability.UserSpaceMsr, KvmCapability.MsrFilter,
        KvmCapability.ExitOnEmulationFailure, KvmCapability.SetGuestDebug, KvmCapability.ImmediateExit, KvmCapability.MemorySlots, KvmCapability.MaxVcpus,
    ];

    private static readonly Lazy<KvmReport?> Found = new(Examine);

    /// <summary>What was found out, once per process; null when there is no usable KVM (<see cref="KvmEngine.Probe"/> says why).</summary>
    public static KvmReport? Report => Found.Value;

    private static KvmReport? Examine()
    {
        using KvmSystem? system = KvmHost.TryOpen(out _);
        if (system is null)
        {
            return null;
        }

        List<(string, int)> capabilities = [];
        foreach (KvmCapability capability in Interesting)
        {
            capabilities.Add((capability.ToString(), system.Check(capability)));
        }

        return new KvmReport(system.GetApiVersion(), capabilities, FindModule(), HasHardware(), FindHypervisor(), Measure(system));
    }

    private static KvmSpeed Measure(KvmSystem system)
    {
        try
        {
            return new KvmSpeed(Measure(system, ring: 0), Measure(system, ring: 3));
        }
        catch (Win32Exception)
        {
            return default;
        }
    }

    // A short loop tells a processor from an emulator; a long one tells how fast the processor is.
    private static double Measure(KvmSystem system, int ring)
    {
        double mips = Measure(system, ring, FewRounds);
        return new KvmSpeed(mips, 0).IsRing0Slow ? mips : Math.Max(mips, Measure(system, ring, ManyRounds));
    }

    private static double Measure(KvmSystem system, int ring, uint rounds)
    {
        using var memory = new SharedMapping("sosia-probe", MemoryByteCount);
        using KvmVm vm = system.CreateVm();
        vm.SetTssAddress(0xfffb_d000);
        vm.SetMemory(0, 0, MemoryByteCount, memory.Address, false, false);
        using KvmVcpu vcpu = vm.CreateVcpu(0);
        // dec ecx; jnz back to it; hlt. In user mode HLT faults, and without an interrupt table that shuts the processor down.
        ReadOnlySpan<byte> code = [0x49, 0x75, 0xfd, 0xf4];
        // SAFETY: within the mapping.
        code.CopyTo(new Span<byte>(memory.Address + CodeAt, code.Length));
        vcpu.GetSregs(out KvmSregs sregs);
        sregs.Cs = Segment(FlatCode, ring);
        sregs.Ds = sregs.Es = sregs.Fs = sregs.Gs = sregs.Ss = Segment(FlatData, ring);
        sregs.Cr0 |= 1;
        sregs.IdtLimit = 0;
        vcpu.SetSregs(sregs);
        // The first entry has to provide memory.
        _ = Time(vcpu, sregs, WarmUpRounds);
        return Time(vcpu, sregs, rounds);
    }

    private static double Time(KvmVcpu vcpu, in KvmSregs sregs, uint rounds)
    {
        vcpu.SetSregs(sregs);
        var regs = new KvmRegs { Rip = CodeAt, Rflags = 2 };
        regs.General[2] = rounds;
        regs.General[6] = StackAt;
        vcpu.SetRegs(regs);
        vcpu.Enter();
        long start = Stopwatch.GetTimestamp();
        for (int exits = 0; exits < MaxExits; exits++)
        {
            int error = vcpu.Run();
            if (error != 0 && error != HostError.Interrupted)
            {
                break;
            }

            if (error == 0)
            {
                bool isDone = vcpu.Shared->ExitReason is KvmExit.Halt or KvmExit.Shutdown;
                vcpu.Leave();
                return isDone ? (double)rounds * InstructionsPerRound / Stopwatch.GetElapsedTime(start).TotalMicroseconds : 0;
            }
        }

        vcpu.Leave();
        return 0;
    }

    private static KvmSegment Segment(byte type, int ring) => new()
    {
        Limit = uint.MaxValue,
        Selector = (ushort)((type == FlatCode ? 8 : 16) | ring),
        Type = type,
        Present = 1,
        Dpl = (byte)ring,
        Big = 1,
        CodeOrData = 1,
        Granularity = 1,
    };

    private static string? FindModule()
    {
        foreach (string name in (ReadOnlySpan<string>)["kvm_intel", "kvm_amd", "kvm_pvm"])
        {
            if (Directory.Exists("/sys/module/" + name))
            {
                return name;
            }
        }

        return null;
    }

    // VMX: leaf 1 ECX[5]; SVM: leaf 80000001H ECX[2].
    private static bool HasHardware() => (X86Base.CpuId(1, 0).Ecx & (1 << 5)) != 0 || (X86Base.CpuId(unchecked((int)0x8000_0001), 0).Ecx & (1 << 2)) != 0;

    private static string? FindHypervisor()
    {
        if ((X86Base.CpuId(1, 0).Ecx & (1 << 31)) == 0)
        {
            return null;
        }

        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0x4000_0000, 0);
        return System.Text.Encoding.Latin1.GetString(MemoryMarshal.AsBytes<int>([ebx, ecx, edx])).TrimEnd('\0');
    }
}
