using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Control;

/// <content>Looking into a machine that does not run, and saving it.</content>
public sealed partial class VirtualMachine
{
    /// <summary>The names of the first processor's registers.</summary>
    public IReadOnlyList<string> RegisterNames => X86Registers.Names;

    /// <summary>Reads a register of the first processor by its name in the manuals ("rax", "rip", "cr3", "cs.base").</summary>
    /// <exception cref="SosiaException">There is no register of that name.</exception>
    public ulong ReadRegister(string name) => X86Registers.Read(X86, name);

    /// <summary>Writes a general register, RIP or RFLAGS of the first processor.</summary>
    /// <exception cref="SosiaException">There is no register of that name, or it cannot be written from outside.</exception>
    public void WriteRegister(string name, ulong value) => X86Registers.Write(X86, name, value);

    /// <summary>Reads RAM at a guest physical address; bytes outside RAM read as 0xff.</summary>
    /// <returns>False when a byte lay outside RAM.</returns>
    public bool ReadPhysical(ulong guestPhysical, Span<byte> destination) => Machine.Memory.ReadBytes(guestPhysical, destination);

    /// <summary>Writes RAM at a guest physical address; code that engines hold for it is dropped.</summary>
    /// <returns>False when a byte lay outside RAM and was not written.</returns>
    public bool WritePhysical(ulong guestPhysical, ReadOnlySpan<byte> source) => Machine.Memory.WriteBytes(guestPhysical, source);

    /// <summary>Reads memory as the first processor sees it now, without side effects.</summary>
    /// <param name="linear">The linear address of the first byte.</param>
    /// <param name="destination">Takes the bytes.</param>
    /// <returns>False when a page is not mapped or not RAM; the bytes before it have been read.</returns>
    public bool ReadLinear(ulong linear, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int chunk = PageChunk(linear, destination.Length);
            if (!X86.TryTranslateDebug(linear, out ulong guestPhysical) || !ReadPhysical(guestPhysical, destination[..chunk]))
            {
                return false;
            }

            linear += (ulong)chunk;
            destination = destination[chunk..];
        }

        return true;
    }

    /// <summary>Writes memory as the first processor sees it now, whatever the pages' permissions.</summary>
    /// <param name="linear">The linear address of the first byte.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>False when a page is not mapped or not RAM; the bytes before it have been written.</returns>
    public bool WriteLinear(ulong linear, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int chunk = PageChunk(linear, source.Length);
            if (!X86.TryTranslateDebug(linear, out ulong guestPhysical) || !WritePhysical(guestPhysical, source[..chunk]))
            {
                return false;
            }

            linear += (ulong)chunk;
            source = source[chunk..];
        }

        return true;
    }

    /// <summary>
    /// Says what a debugger outside the guest wants of a processor: the machine then stops with <see cref="StopReason.DebugEvent"/>. Not while it runs.
    /// </summary>
    /// <param name="cpuIndex">The processor, from 0.</param>
    /// <param name="control">What is wanted, in the place of what was before.</param>
    /// <exception cref="SosiaException">The engine has no such thing.</exception>
    public void SetDebug(int cpuIndex, DebugControl control)
    {
        if (!Engine.TrySetDebug(Machine.Cpus[cpuIndex], control))
        {
            throw new SosiaException($"Breakpoints and single steps from outside are not implemented yet for the engine '{Engine.Name}'; use --engine kvm.");
        }
    }

    /// <summary>Saves the whole state of the machine, but not the contents of its disks.</summary>
    /// <param name="stream">Takes the snapshot.</param>
    public void Save(Stream stream)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Snapshot.Save(Machine, stream);
        }
    }

    /// <summary>
    /// Puts a saved state into this machine, which must have been created with the same options; its engine may be another one. Nothing changes unless the
    /// snapshot is whole and fits.
    /// </summary>
    /// <param name="stream">The snapshot.</param>
    /// <exception cref="SosiaException">The snapshot is damaged, of another version, or of a machine of another shape.</exception>
    public void Restore(Stream stream)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Snapshot.Restore(Machine, stream);
            foreach (IEngine engine in _engines)
            {
                engine.MachineRestored();
            }

            _end = null;
        }
    }

    private X86Cpu X86 => Machine.Cpus[0] as X86Cpu
        ?? throw new SosiaException($"Registers of {Machine.Cpus[0].IsaName} processors cannot be accessed by name yet.");

    private static int PageChunk(ulong linear, int byteCount) => (int)Math.Min((ulong)byteCount, 4096 - (linear & 0xfff));
}
