using System;
using System.Globalization;
using System.Text;
using Sosia.Engines.Recompiler;
using Sosia.Isa.X86.Disassembly;
using Sosia.Jit;

namespace Sosia.Control.Inspection;

/// <summary>A translation as text: guest code, intermediate code, host code.</summary>
public static class TranslationText
{
    /// <summary>The names of the slots of x86 guests in intermediate code.</summary>
    public static readonly string[] SlotNames =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "flag-result", "flag-carries"];

    /// <summary>Writes a translation.</summary>
    /// <param name="block">The block.</param>
    /// <param name="parts">What of it.</param>
    /// <param name="isRelative">True for text that does not depend on where the host code lies.</param>
    public static string Of(in TranslatedBlock block, TranslationParts parts, bool isRelative = false)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"block 0x{block.Rip:x} (physical 0x{block.GuestPhysical:x}, {block.CodeBits}-bit, {block.InstructionCount} instructions, {block.GuestCode.Length} bytes -> {block.HostCode.Length} bytes)\n");
        if ((parts & TranslationParts.Guest) != 0)
        {
            text.Append("guest:\n");
            AppendGuest(text, in block);
        }

        if ((parts & TranslationParts.Intermediate) != 0)
        {
            text.Append("intermediate:\n");
            AppendIndented(text, IrText.Of(block.Ir, SlotNames));
        }

        if ((parts & TranslationParts.Host) != 0)
        {
            text.Append("host:\n");
            AppendIndented(text, HostCodeText.Of(block.HostCode, block.HostAddress, isRelative));
        }

        return text.ToString();
    }

    private static void AppendGuest(StringBuilder text, in TranslatedBlock block)
    {
        int offset = 0;
        for (int i = 0; i < block.InstructionCount && offset < block.GuestCode.Length; i++)
        {
            ulong rip = block.Rip + (ulong)offset;
            string line = Disassembler.Disassemble(block.GuestCode[offset..], block.CodeBits, rip, out int byteCount);
            text.Append(CultureInfo.InvariantCulture, $"  {rip:x16}  {line}\n");
            offset += byteCount;
        }
    }

    private static void AppendIndented(StringBuilder text, string lines)
    {
        foreach (ReadOnlySpan<char> line in lines.AsSpan().TrimEnd('\n').EnumerateLines())
        {
            text.Append("  ").Append(line).Append('\n');
        }
    }
}
