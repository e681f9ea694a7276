using System.Text;
using Sosia.Control;
using Sosia.Control.Inspection;
using Sosia.Core.Execution;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Cli;

/// <summary>The state of a processor that shut down, and how it came to it.</summary>
internal static unsafe class CrashReport
{
    private static readonly string[] Registers =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    public static string Of(VirtualMachine vm, IVcpu vcpu)
    {
        if (vcpu is not X86Cpu cpu)
        {
            return "The processor shut down.";
        }

        // SAFETY: the state lives as long as the CPU, and the machine's thread is the one that calls.
        X86State* st = cpu.State;
        var text = new StringBuilder(vm.Machine.Cpus.Count == 1 ? "The processor shut down (triple fault):" : $"Processor {cpu.Index} shut down (triple fault):");
        foreach (FaultRecord fault in cpu.FaultChain)
        {
            text.Append($"\n  exception {fault.Vector} ({ExceptionNames.Of(fault.Vector)}), error code 0x{fault.ErrorCode:x}, at {fault.CodeSelector:x4}:{fault.Rip:x16}");
            if (fault.Vector == ExceptionVector.PageFault)
            {
                text.Append($", for address 0x{fault.Address:x}");
            }
        }

        text.Append($"\n  {CodeText.At(vm, cpu, cpu.InstructionRip)}");
        for (int i = 0; i < Registers.Length; i++)
        {
            text.Append(i % 4 == 0 ? "\n  " : " ").Append($"{Registers[i],3}={st->Gpr[i]:x16}");
        }

        text.Append($"\n  rip={st->Rip:x16} flags={cpu.Rflags:x8} cpl={st->Cpl} {(cpu.IsLongMode ? "long mode" : cpu.IsProtected ? "protected mode" : cpu.IsVirtual8086 ? "virtual-8086 mode" : "real mode")}");
        Segment(text, "cs", in st->Cs);
        Segment(text, "ss", in st->Ss);
        Segment(text, "ds", in st->Ds);
        Segment(text, "es", in st->Es);
        Segment(text, "fs", in st->Fs);
        Segment(text, "gs", in st->Gs);
        Segment(text, "tr", in st->Tr);
        text.Append($"\n  gdtr={st->GdtrBase:x16}/{st->GdtrLimit:x4} idtr={st->IdtrBase:x16}/{st->IdtrLimit:x4}");
        text.Append($"\n  cr0={st->Cr0:x8} cr2={st->Cr2:x16} cr3={st->Cr3:x16} cr4={st->Cr4:x8} efer={st->Efer:x4}");
        return text.ToString();
    }

    private static void Segment(StringBuilder text, string name, in SegmentRegister segment)
        => text.Append($"\n  {name}={segment.Selector:x4} base={segment.Base:x16} limit={segment.Limit:x8} attributes={segment.Attributes:x4}");
}
