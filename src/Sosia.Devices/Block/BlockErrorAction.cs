namespace Sosia.Devices.Block;

/// <summary>What becomes of an operation that the host could not do.</summary>
public enum BlockErrorAction
{
    /// <summary>The guest sees a disk error.</summary>
    Report,

    /// <summary>The machine stops, and the operation is repeated when it goes on; the guest notices nothing.</summary>
    Stop,

    /// <summary>As <see cref="Stop"/> when the host has no space left, as <see cref="Report"/> for all else.</summary>
    StopWhenFull,
}
