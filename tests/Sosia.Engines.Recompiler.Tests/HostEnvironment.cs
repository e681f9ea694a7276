using Sosia.Jit.X64;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>What the host's own x87 unit is set to.</summary>
internal static unsafe class HostEnvironment
{
    /// <summary>Stores what FNSTENV does, 28 bytes: control, status and tag words at 0, 4 and 8.</summary>
    public static void Read(byte* environment)
    {
        using var cache = new CodeCache(CodeCache.MinimumByteCount);
        var assembler = new Assembler();
        cache.TryReserve(4096, out byte* write, out byte* execute);
        assembler.Begin(write, execute, 4096);
        assembler.X87(0xd9, 6, new Mem(Gpr.Rdi));
        // It masks all exceptions; what it has stored is loaded again.
        assembler.X87(0xd9, 4, new Mem(Gpr.Rdi));
        assembler.Ret();
        cache.Commit(assembler.Position);
        ((delegate* unmanaged<byte*, void>)execute)(environment);
    }
}
