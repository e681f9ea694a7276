using System.Linq;
using Xunit;

namespace Sosia.Theory.Tests;

/// <summary>The definitions, on a machine that is small enough to be judged by hand.</summary>
public sealed class ClassifierTests
{
    private static readonly ToyInstruction Add = ToyInstruction.Always("add", static s => s.Accumulator += s.Memory);
    private static readonly ToyInstruction LoadPsw = ToyInstruction.Privileged("lpsw", static s => (s.IsUser, s.Relocation) = (true, 0x9999));

    [Fact]
    public void An_instruction_that_computes_is_innocuous_and_a_trap_makes_privileged()
    {
        Classification result = Classify(Add, LoadPsw);
        Assert.Equal(InstructionClass.Innocuous, Verdict(result, "add").Class);
        Assert.Equal(Sensitivity.None, Verdict(result, "add").Sensitivity);
        Assert.Equal(InstructionClass.Privileged, Verdict(result, "lpsw").Class);
        Assert.True(Verdict(result, "lpsw").Sensitivity.HasFlag(Sensitivity.Control | Sensitivity.Mode));
        Assert.All(result.Theorems, static t => Assert.True(t.Holds));
        Assert.Empty(result.WrongClaims);
    }

    [Fact]
    public void A_return_to_user_mode_that_does_not_trap_breaks_theorem_1_but_not_theorem_3()
    {
        // JRST 1 of the PDP-10.
        Classification result = Classify(Add, LoadPsw, ToyInstruction.Always("jrst1", static s => s.IsUser = true));
        RowVerdict verdict = Verdict(result, "jrst1");
        Assert.Equal(InstructionClass.Unprivileged, verdict.Class);
        Assert.True(verdict.Sensitivity.HasFlag(Sensitivity.Control));
        Assert.Equal(Sensitivity.None, verdict.UserSensitivity);
        Assert.Equal([false, false, true], result.Theorems.Select(static t => t.Holds));
        Assert.Equal("jrst1", Assert.Single(result.Theorems[0].Breaking).Row.Mnemonic);
    }

    [Fact]
    public void An_instruction_that_user_mode_ignores_in_silence_is_not_privileged()
    {
        Classification result = Classify(ToyInstruction.Always("settimer", static s => s.Timer = s.IsUser ? s.Timer : s.Accumulator));
        RowVerdict verdict = Verdict(result, "settimer");
        Assert.Equal(InstructionClass.Unprivileged, verdict.Class);
        Assert.Equal(UserTraps.No, verdict.Traps);
        Assert.Equal(Sensitivity.Control | Sensitivity.Mode, verdict.Sensitivity);
        Assert.False(verdict.BreaksTheorem3);
    }

    [Fact]
    public void What_shows_mode_location_or_resources_is_behaviour_sensitive()
    {
        Classification result = Classify(
            ToyInstruction.Always("mode", static s => s.Accumulator = s.IsUser ? 1u : 0),
            ToyInstruction.Always("lra", static s => s.Accumulator = s.Relocation + 5),
            ToyInstruction.Always("timer", static s => s.Memory = s.Timer));
        Assert.Equal((Sensitivity.Mode, Sensitivity.None), Both(Verdict(result, "mode")));
        Assert.Equal((Sensitivity.Location, Sensitivity.Location), Both(Verdict(result, "lra")));
        Assert.Equal((Sensitivity.Resource, Sensitivity.Resource), Both(Verdict(result, "timer")));
        Witness witness = Assert.Single(Verdict(result, "timer").Witnesses);
        Assert.Equal(("u, timer 11", "memory 0xb", "u, timer 77", "memory 0x4d"), (witness.FirstState, witness.FirstOutcome, witness.SecondState, witness.SecondOutcome));
    }

    [Fact]
    public void A_right_that_is_withheld_makes_privileged_and_its_trap_shows_nothing()
    {
        Classification result = Classify(
            new ToyInstruction("unit", static s => s.IsUnitGranted ? OutcomeKind.Completed : OutcomeKind.Trapped),
            new ToyInstruction("usertimer", static s => s.IsUnitGranted || !s.IsUser ? Set(s) : OutcomeKind.Trapped, RowClaim.Withholdable));
        Assert.Equal(InstructionClass.Innocuous, Verdict(result, "unit").Class);
        Assert.Equal(InstructionClass.Withholdable, Verdict(result, "usertimer").Class);
        Assert.True(result.Theorems[0].Holds);
        Assert.Empty(result.WrongClaims);

        static OutcomeKind Set(ToyState state)
        {
            state.Timer = state.Accumulator + 1;
            return OutcomeKind.Completed;
        }
    }

    [Fact]
    public void A_memory_trap_says_nothing_about_its_instruction()
    {
        Classification result = Classify(new ToyInstruction("load", static s => s.IsUser && s.Memory % 2 == 0 ? OutcomeKind.MemoryTrapped : OutcomeKind.Completed));
        Assert.Equal(InstructionClass.Innocuous, Verdict(result, "load").Class);
        Assert.Equal(Sensitivity.None, Verdict(result, "load").Sensitivity);
    }

    [Fact]
    public void What_depends_on_time_without_a_trap_breaks_theorem_2_alone()
    {
        Classification result = Classify(Add, ToyInstruction.Always("clock", static s => s.Accumulator = s.Clock));
        Assert.Equal([true, false, true], result.Theorems.Select(static t => t.Holds));
        Assert.Equal("clock", Assert.Single(result.Theorems[1].Breaking).Row.Mnemonic);
    }

    [Fact]
    public void A_wrong_claim_of_the_table_is_found()
    {
        Classification result = Classify(Add with { Claim = RowClaim.Privileged });
        Assert.Equal("add", Assert.Single(result.WrongClaims).Row.Mnemonic);
    }

    private static Classification Classify(params ToyInstruction[] instructions)
    {
        using var isa = new ToyIsa(instructions);
        return Classifier.Classify(isa, new ClassifierOptions { StatesPerRow = 64 });
    }

    private static RowVerdict Verdict(Classification result, string mnemonic) => result.Rows.Single(r => r.Row.Mnemonic == mnemonic);

    private static (Sensitivity All, Sensitivity User) Both(RowVerdict verdict) => (verdict.Sensitivity, verdict.UserSensitivity);
}
