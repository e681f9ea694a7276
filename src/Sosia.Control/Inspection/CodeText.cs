using System;
using System.Text;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Disassembly;

namespace Sosia.Control.Inspection;

/// <summary>The instruction at an address, as one line of a trace or report.</summary>
public static unsafe class CodeText
{
    private const int MaxInstructionByteCount = 15;

    /// <summary>Address, bytes and text of the instruction at an offset in the code segment.</summary>
    public static string At(VirtualMachine vm, X86Cpu cpu, ulong rip) => At(vm, cpu, rip, out _);

    /// <summary>As <see cref="At(VirtualMachine, X86Cpu, ulong)"/>, with the instruction's length; 0 where there is no memory.</summary>
    public static string At(VirtualMachine vm, X86Cpu cpu, ulong rip, out int byteCount)
    {
        byteCount = 0;
        // SAFETY: the state lives as long as the CPU, and the machine's thread is the one that calls.
        ushort selector = cpu.State->Cs.Selector;
        int codeBits = cpu.State->CodeBits;
        ulong linear = codeBits == 64 ? rip : (cpu.State->Cs.Base + rip) & 0xffff_ffff;
        Span<byte> bytes = stackalloc byte[MaxInstructionByteCount];
        int count = 0;
        while (count < bytes.Length
            && cpu.TryTranslateDebug(linear + (ulong)count, out ulong guestPhysical)
            && vm.Machine.Memory.ReadBytes(guestPhysical, bytes.Slice(count, 1)))
        {
            count++;
        }

        var line = new StringBuilder($"{selector:x4}:{rip:x16} ");
        if (count == 0)
        {
            return line.Append(" (no memory)").ToString();
        }

        string text = Disassembler.Disassemble(bytes[..count], codeBits, rip, out byteCount);
        int start = line.Length;
        foreach (byte value in bytes[..byteCount])
        {
            line.Append($" {value:x2}");
        }

        return line.Append(' ', Math.Max(2, start + 32 - line.Length)).Append(text).ToString();
    }
}
