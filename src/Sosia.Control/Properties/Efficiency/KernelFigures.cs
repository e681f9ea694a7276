namespace Sosia.Control.Properties.Efficiency;

/// <summary>A program's time under an engine and on the host's processor.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Description">What it does.</param>
/// <param name="NativeNanoseconds">Nanoseconds that a round takes on the host, the shortest of several runs.</param>
/// <param name="GuestNanoseconds">The same in the guest.</param>
/// <param name="IsSumEqual">Whether the guest's result is the host's.</param>
public sealed record KernelFigures(string Name, string Description, double NativeNanoseconds, double GuestNanoseconds, bool IsSumEqual)
{
    /// <summary>How many times as long as on the host it takes.</summary>
    public double Slowdown => GuestNanoseconds / NativeNanoseconds;
}
