using System;
using System.Buffers.Binary;
using Sosia.Core;
using Sosia.Isa.X86;

namespace Sosia.Machines.Boot;

/// <summary>
/// Starts an ELF kernel by Xen's PVH boot protocol: the note XEN_ELFNOTE_PHYS32_ENTRY names a 32-bit entry point, which gets the address
/// of an hvm_start_info structure in EBX (Xen, docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h).
/// </summary>
internal static class PvhLoader
{
    private const uint NotePhysicalEntry = 18;
    private const uint StartMagic = 0x336e_c578;
    private const int StartInfoByteCount = 56;
    private const int ModuleByteCount = 32;
    private const int MapStride = 24;
    private const int RbxIndex = 3;

    /// <summary>Loads the kernel and enters it.</summary>
    public static void Load(BootEnvironment environment, byte[] kernel, string path)
    {
        var elf = new ElfImage(kernel, path);
        ReadOnlySpan<byte> note = elf.FindNote("Xen\0"u8, NotePhysicalEntry);
        if (note.Length < 4)
        {
            throw new SosiaException($"The kernel '{path}' is an ELF file without a PVH entry note or multiboot header; for Linux build it with CONFIG_PVH or use its bzImage.");
        }

        uint entry = BinaryPrimitives.ReadUInt32LittleEndian(note);
        BootLoader.RequireMemory(environment, path, elf.End);
        elf.Load(environment);

        Span<byte> info = stackalloc byte[StartInfoByteCount];
        Span<byte> lists = stackalloc byte[0x1000];
        info.Clear();
        lists.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(info, StartMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(info[4..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(info[24..], BootLoader.WriteCommandLine(environment, uint.MaxValue));
        BinaryPrimitives.WriteUInt64LittleEndian(info[32..], environment.RsdpGuestPhysical);
        BinaryPrimitives.WriteUInt64LittleEndian(info[40..], LowMemory.BootLists + ModuleByteCount);
        BinaryPrimitives.WriteUInt32LittleEndian(info[48..], (uint)environment.Map.Count);
        BootLoader.WriteMap(environment.Map, lists[ModuleByteCount..], MapStride);
        if (environment.Options.Initrd is { } initrd)
        {
            ulong byteCount = BootFile.CheckInitrd(initrd);
            // Linux's 32-bit start code reaches 1 GiB at least; higher modules must not matter to it.
            ulong address = BootLoader.PlaceHigh(environment, $"initrd '{initrd}'", byteCount, elf.End, 0x8000_0000);
            BootFile.Load(environment.Memory, address, initrd, "initrd");
            BinaryPrimitives.WriteUInt64LittleEndian(lists, address);
            BinaryPrimitives.WriteUInt64LittleEndian(lists[8..], byteCount);
            BinaryPrimitives.WriteUInt32LittleEndian(info[12..], 1);
            BinaryPrimitives.WriteUInt64LittleEndian(info[16..], LowMemory.BootLists);
        }

        BootLoader.Write(environment, LowMemory.BootInformation, info);
        BootLoader.Write(environment, LowMemory.BootLists, lists);
        EntryState.EnterProtected(environment.Cpu, environment.Memory, entry);
        SetRbx(environment.Cpu, LowMemory.BootInformation);
    }

    private static unsafe void SetRbx(X86Cpu cpu, ulong value)
    {
        // SAFETY: the state lives as long as the CPU.
        cpu.State->Gpr[RbxIndex] = value;
    }
}
