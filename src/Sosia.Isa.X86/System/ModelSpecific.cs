using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>CPUID, RDMSR, WRMSR, RDTSC, RDTSCP, RDPMC (SDM vol. 2).</summary>
internal static unsafe class ModelSpecific
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbx = 3;

    /// <summary>CPUID.</summary>
    public static void Cpuid(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        CpuidResult result = CpuidModel.Query(cpu, (uint)st->Gpr[Rax], (uint)st->Gpr[Rcx]);
        st->Gpr[Rax] = result.Eax;
        st->Gpr[Rbx] = result.Ebx;
        st->Gpr[Rcx] = result.Ecx;
        st->Gpr[Rdx] = result.Edx;
    }

    /// <summary>RDMSR.</summary>
    public static void Rdmsr(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!DescriptorTables.RequireLevel0(cpu))
        {
            return;
        }

        if (!cpu.TryReadMsr((uint)st->Gpr[Rcx], out ulong value))
        {
            cpu.FaultProtection();
            return;
        }

        st->Gpr[Rax] = (uint)value;
        st->Gpr[Rdx] = value >> 32;
    }

    /// <summary>WRMSR.</summary>
    public static void Wrmsr(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (DescriptorTables.RequireLevel0(cpu) && !cpu.TryWriteMsr((uint)st->Gpr[Rcx], (uint)st->Gpr[Rax] | (st->Gpr[Rdx] << 32)))
        {
            cpu.FaultProtection();
        }
    }

    /// <summary>RDTSC.</summary>
    public static void Rdtsc(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if ((st->Cr4 & ControlBits.Cr4Tsd) != 0 && !DescriptorTables.RequireLevel0(cpu))
        {
            return;
        }

        ulong value = cpu.TimeStampCounter;
        st->Gpr[Rax] = (uint)value;
        st->Gpr[Rdx] = value >> 32;
    }

    /// <summary>RDTSCP.</summary>
    public static void Rdtscp(X86Cpu cpu, Op* op)
    {
        Rdtsc(cpu, op);
        if (!cpu.Faulted)
        {
            cpu.State->Gpr[Rcx] = (uint)cpu.State->TscAux;
        }
    }

    /// <summary>RDPMC: no counters are announced, so that every index is invalid.</summary>
    public static void Rdpmc(X86Cpu cpu, Op* op) => cpu.FaultProtection();
}
