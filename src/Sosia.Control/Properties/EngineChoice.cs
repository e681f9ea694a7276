namespace Sosia.Control.Properties;

/// <summary>An engine that the report is about.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, in a few words.</param>
/// <param name="WhyNot">Why it cannot run on this host; null when it can.</param>
public sealed record EngineChoice(string Name, string Description, string? WhyNot);
