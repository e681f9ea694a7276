using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>What becomes of the operations on one drive that the host could not do.</summary>
/// <param name="Writes">Of writes, flushes and everything else that changes the disk.</param>
/// <param name="Reads">Of reads.</param>
public readonly record struct BlockErrorPolicy(BlockErrorAction Writes, BlockErrorAction Reads)
{
    /// <summary>A full host stops the machine; all other failures are the guest's to handle.</summary>
    public static BlockErrorPolicy Default { get; } = new(BlockErrorAction.StopWhenFull, BlockErrorAction.Report);

    /// <summary>True when an operation that ended so is to be repeated after a stop.</summary>
    public bool Stops(BlockOperation operation, BlockResult result)
    {
        // The other results are the guest's doing or the drive's nature, which no stop changes.
        if (result is not (BlockResult.NoSpace or BlockResult.Truncated or BlockResult.HostError))
        {
            return false;
        }

        BlockErrorAction action = operation == BlockOperation.Read ? Reads : Writes;
        return action == BlockErrorAction.Stop || (action == BlockErrorAction.StopWhenFull && result == BlockResult.NoSpace);
    }
}
