namespace Sosia.Theory.Host;

/// <summary>Something that running guest code directly could make use of, and whether this host has it.</summary>
/// <param name="Name">What.</param>
/// <param name="IsThere">Whether it was seen to work, not only announced.</param>
/// <param name="Finding">What was found, one sentence.</param>
public sealed record HostFacility(string Name, bool IsThere, string Finding);
