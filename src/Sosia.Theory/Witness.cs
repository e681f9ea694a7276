namespace Sosia.Theory;

/// <summary>The proof of one sensitivity: an instruction, two states (or one state and what becomes of it), and what differs.</summary>
/// <param name="Kind">Which sensitivity; one flag.</param>
/// <param name="Instruction">The instruction in assembler notation.</param>
/// <param name="Encoding">Its bytes, hexadecimal.</param>
/// <param name="FirstState">What is special about the first state.</param>
/// <param name="FirstOutcome">What the instruction did there, as far as it differs.</param>
/// <param name="SecondState">What is special about the second state; for <see cref="Sensitivity.Control"/> empty.</param>
/// <param name="SecondOutcome">What the instruction did there, as far as it differs.</param>
/// <param name="IsUser">True when both states have user mode: the sensitivity counts for theorem 3.</param>
public sealed record Witness(
    Sensitivity Kind,
    string Instruction,
    string Encoding,
    string FirstState,
    string FirstOutcome,
    string SecondState,
    string SecondOutcome,
    bool IsUser);
