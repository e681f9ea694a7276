namespace Sosia.Theory.Host;

/// <summary>What the host's processor and the table say about one instruction.</summary>
/// <param name="Snippet">The instruction and what it was executed on.</param>
/// <param name="Silicon">What the processor did.</param>
/// <param name="Table">What the interpreter did, CR4.UMIP clear.</param>
/// <param name="TableUnderUmip">What the interpreter did, CR4.UMIP set.</param>
/// <param name="Verdict">The answer to "does it trap?".</param>
/// <param name="Value">What the program saw or what was raised, in words.</param>
/// <param name="Agreement">Whether table and silicon agree.</param>
/// <param name="Explanation">Why they differ; empty when they do not, or when it is not known.</param>
public sealed record HostFinding(
    Snippet Snippet,
    SnippetOutcome Silicon,
    SnippetOutcome Table,
    SnippetOutcome TableUnderUmip,
    HostVerdict Verdict,
    string Value,
    HostAgreement Agreement,
    string Explanation);
