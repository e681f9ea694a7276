using System;
using Sosia.Core.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Fuzz;

namespace Sosia.Engines.Recompiler.Tests.Fuzz;

/// <summary>64-bit guest code of our choice, the first 2 MiB mapped to themselves, under the recompiler, which translates everything at once into a small cache.</summary>
internal sealed unsafe class HostileGuest : IDisposable
{
    private readonly RecompilerEngine _engine;
    private readonly FuzzMachine _machine;

    public HostileGuest(byte[] code, long cacheByteCount = RecompilerOptions.MinCacheByteCount, int warmExecutions = 1)
    {
        _engine = new RecompilerEngine(new RecompilerOptions { WarmExecutions = warmExecutions, CacheByteCount = cacheByteCount });
        _machine = new FuzzMachine(0, _engine);
        _machine.Prepare(CpuMode.Long, 0, code, seed: 1);
        for (uint page = 0; page < 0x200; page++)
        {
            _machine.Cpu.Memory.Write(FuzzMachine.PageTables + 0x3000 + (page * 8), 8, ((ulong)page << 12) | 7);
        }

        X86State* state = _machine.Cpu.State;
        new Span<ulong>(state->Gpr, 16).Clear();
        state->Gpr[4] = 0x1_8000;
        state->Mxcsr = 0x1f80;
        _machine.Cpu.Rflags = 2;
        _machine.Cpu.UpdateMode();
        _machine.Cpu.MemoryMapChanged();
    }

    public EngineCounters Counters => _engine.Counters;

    public ulong Rip => _machine.Cpu.State->Rip;

    /// <summary>True while nothing beside guest memory was written.</summary>
    public bool AreFencesWhole => _machine.AreFencesWhole;

    public ulong Register(int number) => _machine.Cpu.State->Gpr[number];

    public void SetRegister(int number, ulong value) => _machine.Cpu.State->Gpr[number] = value;

    public void Write(ulong guestPhysical, ReadOnlySpan<byte> bytes) => _machine.Cpu.Memory.WriteBytes(guestPhysical, bytes);

    public bool Advance(long instructions) => _machine.Advance(instructions);

    public void Dispose() => _machine.Dispose();
}
