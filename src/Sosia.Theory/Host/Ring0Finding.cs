namespace Sosia.Theory.Host;

/// <summary>What a processor and the table say about one instruction at privilege level 0.</summary>
/// <param name="Snippet">The instruction and what it was executed on.</param>
/// <param name="Silicon">What the processor did in a small virtual machine.</param>
/// <param name="Table">What the interpreter did.</param>
/// <param name="Agreement">Whether they agree.</param>
/// <param name="Explanation">Why they differ, or why the processor was not asked; empty when they do not, or when it is not known.</param>
public sealed record Ring0Finding(Snippet Snippet, SnippetOutcome Silicon, SnippetOutcome Table, HostAgreement Agreement, string Explanation);
