namespace Sosia.Core.Buses;

/// <summary>A run of I/O ports.</summary>
/// <param name="FirstPort">The first one.</param>
/// <param name="PortCount">How many.</param>
public readonly record struct PortRange(int FirstPort, int PortCount);
