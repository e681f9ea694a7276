using System;
using Sosia.Control;
using Sosia.Control.Lockstep;
using Sosia.Engines.Recompiler;
using Sosia.Isa.X86;
using Xunit;

namespace Sosia.Machines.Tests.Lockstep;

/// <summary>Two engines side by side: equal ones pass, and a fault of our making is found at exactly the instruction that it follows.</summary>
public sealed unsafe class LockstepRunTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Equal_engines_pass_to_the_end_of_the_machine()
    {
        LockstepResult result = LockstepRun.Run(Options("recompiler"));
        Assert.Null(result.Divergence);
        Assert.Equal(new RunResult(StopReason.DebugExit, 1), result.End);
        Assert.Equal("ok", result.Transcript);
        Assert.InRange(result.Instructions, 100_000, 1_000_000);
        Assert.InRange(result.FullComparisons, 10, result.Comparisons - 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(54_321)]
    public void A_corrupted_register_is_reported_at_exactly_the_instruction_that_it_follows(long after)
    {
        Divergence divergence = FindDivergence(after, static cpu => cpu.State->Gpr[12] ^= 0x100);
        Assert.Equal(after, divergence.Instruction);
        Assert.True(divergence.IsExact);
        StateDifference difference = Assert.Single(divergence.Differences);
        Assert.Equal(("cpu0", "r12"), (difference.Part, difference.Field));
        Assert.Equal(("0000000000000000", "0000000000000100"), (difference.Expected, difference.Actual));
        Assert.Contains($"differ first after instruction {after};", divergence.Report, StringComparison.Ordinal);
        Assert.Contains("0000000000000000  0000000000000100  <-- differs", divergence.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corrupted_byte_of_memory_is_reported_at_exactly_the_instruction_that_it_follows()
    {
        const long After = 44_444;
        Divergence divergence = FindDivergence(After, static cpu => cpu.Memory.WriteBytes(0x20_0008, [0x5a]));
        Assert.Equal(After, divergence.Instruction);
        StateDifference difference = Assert.Single(divergence.Differences);
        Assert.Equal(new StateDifference("ram", "offset 0x200008", "0000000000000000", "000000000000005a"), difference);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(4999)]
    public void An_instruction_in_the_middle_of_a_block_that_is_translated_wrongly_is_named_with_its_translation(long every)
    {
        // loop: inc rax; add rbx, 7; xor rdx, 12345678h; lea rsi, [rax+rbx]; dec ecx; jnz loop
        GuestCode code = new GuestCode().EnterLongMode();
        code.Raw(0xb9).Word32(20_000);
        int loop = code.Length;
        code.Raw(0x48, 0xff, 0xc0, 0x48, 0x83, 0xc3, 0x07);
        ulong wrong = 0x10_0000 + (ulong)code.Length;
        code.Raw(0x48, 0x81, 0xf2).Word32(0x1234_5678).Raw(0x48, 0x8d, 0x34, 0x18, 0xff, 0xc9);
        code.Raw(0x75, (byte)(loop - (code.Length + 2))).Out(0xf4, 0, true).Stop();
        LockstepResult result = LockstepRun.Run(Options("recompiler") with
        {
            Machine = Machine(code),
            Every = every,
            EverythingEvery = 10_000,
            CreateEngine = static (name, options) => EngineRegistry.Create(name, options with { Observer = new Saboteur(options.Observer) }),
        });
        Divergence divergence = result.Divergence!;
        Assert.NotNull(divergence);
        Assert.True(divergence.IsExact);
        Assert.Equal(wrong, divergence.Rip);
        // Its first execution in a translated block: all differ then.
        Assert.Contains(divergence.Differences, static d => d.Field == "rdx" && d.Expected[^8..] != d.Actual[^8..]);
        string[] lines = divergence.Report.Split('\n');
        Assert.Contains(lines, static l => l.StartsWith("> ", StringComparison.Ordinal) && l.Contains("xor rdx,0x12345678", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.StartsWith("Translated block", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("Xor", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("0x12345679", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("To repeat it", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_that_is_limited_ends_there()
    {
        LockstepResult result = LockstepRun.Run(Options("recompiler") with { MaxInstructions = 12_345 });
        Assert.Null(result.Divergence);
        Assert.Equal(12_345, result.Instructions);
    }

    private Divergence FindDivergence(long after, Action<X86Cpu> corrupt)
    {
        LockstepResult result = LockstepRun.Run(Options("corrupting") with
        {
            CreateEngine = (name, options) => name == "corrupting"
                ? new CorruptingEngine(new RecompilerEngine(options), after, corrupt)
                : EngineRegistry.Create(name, options),
        });
        Assert.NotNull(result.Divergence);
        return result.Divergence;
    }

    private LockstepOptions Options(string tested)
    {
        // mov ecx, 50000; loop: inc eax; imul ebx, eax, 7; mov [200000h], ebx; dec ecx; jnz loop; then "ok" and the debug-exit port
        GuestCode code = new GuestCode()
            .Raw(0xb9, 0x50, 0xc3, 0x00, 0x00)
            .Raw(0x40, 0x6b, 0xd8, 0x07, 0x89, 0x1d, 0x00, 0x00, 0x20, 0x00, 0x49, 0x75, 0xf3)
            .Print("ok", true).Out(0xf4, 0, true).Stop();
        return new LockstepOptions
        {
            Machine = Machine(code),
            Tested = tested,
            Every = 1000,
            EverythingEvery = 10_000,
            SaveEvery = 20_000,
        };
    }

    private MachineOptions Machine(GuestCode code)
        => new() { MemoryByteCount = 16 << 20, Kernel = _files.Write("guest.bin", code.ToArray()), LoadAddress = 0x10_0000, DebugExitPort = 0xf4, NoReboot = true };

    // Makes the translator's fault: changes the constant 12345678h in host code.
    private sealed class Saboteur(ITranslationObserver? next) : ITranslationObserver
    {
        public void Translated(in TranslatedBlock block)
        {
            int index = block.HostCode.IndexOf((ReadOnlySpan<byte>)[0x78, 0x56, 0x34, 0x12]);
            if (index >= 0)
            {
                // SAFETY: the code cache is writable where the observer sees it.
                System.Runtime.CompilerServices.Unsafe.AsRef(in block.HostCode[index]) = 0x79;
            }

            next?.Translated(in block);
        }

        public void Cleared() => next?.Cleared();
    }
}
