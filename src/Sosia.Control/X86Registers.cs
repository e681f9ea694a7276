using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Control;

/// <summary>The registers of an x86 processor by the names of the manuals, lower case.</summary>
internal static unsafe class X86Registers
{
    private static readonly string[] General =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>All names, in the usual order.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        .. General, "rip", "rflags", "cs", "ss", "ds", "es", "fs", "gs", "ldtr", "tr", "cs.base", "fs.base", "gs.base", "gdtr.base", "idtr.base",
        "cr0", "cr2", "cr3", "cr4", "efer",
    ];

    /// <summary>Reads a register.</summary>
    /// <exception cref="SosiaException">There is no register of that name.</exception>
    public static ulong Read(X86Cpu cpu, string name)
    {
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        int index = Array.IndexOf(General, name);
        return index >= 0 ? st->Gpr[index] : name switch
        {
            "rip" => st->Rip,
            "rflags" => cpu.Rflags,
            "cs" => st->Cs.Selector,
            "ss" => st->Ss.Selector,
            "ds" => st->Ds.Selector,
            "es" => st->Es.Selector,
            "fs" => st->Fs.Selector,
            "gs" => st->Gs.Selector,
            "ldtr" => st->Ldtr.Selector,
            "tr" => st->Tr.Selector,
            "cs.base" => st->Cs.Base,
            "fs.base" => st->Fs.Base,
            "gs.base" => st->Gs.Base,
            "gdtr.base" => st->GdtrBase,
            "idtr.base" => st->IdtrBase,
            "cr0" => st->Cr0,
            "cr2" => st->Cr2,
            "cr3" => st->Cr3,
            "cr4" => st->Cr4,
            "efer" => st->Efer,
            _ => throw Unknown(name),
        };
    }

    /// <summary>Writes a general register, RIP or RFLAGS; the others change the processor's mode and are the guest's own business.</summary>
    /// <exception cref="SosiaException">There is no register of that name, or it cannot be written from outside.</exception>
    public static void Write(X86Cpu cpu, string name, ulong value)
    {
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        int index = Array.IndexOf(General, name);
        if (index >= 0)
        {
            st->Gpr[index] = value;
        }
        else if (name == "rip")
        {
            st->Rip = value;
        }
        else if (name == "rflags")
        {
            // The mode bit VM stays what it is.
            cpu.Rflags = (value & ControlBits.AllFlags & ~ControlBits.Vm) | (cpu.Rflags & ControlBits.Vm);
            cpu.UpdateMode();
        }
        else
        {
            throw new SosiaException(Array.Exists([.. Names], n => n == name)
                ? $"The register '{name}' cannot be written from outside; write a general register, rip or rflags."
                : Unknown(name).Message);
        }
    }

    private static SosiaException Unknown(string name)
        => new($"There is no register '{name}'; the names are: {string.Join(", ", Names)}.");
}
