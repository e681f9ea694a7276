namespace Sosia.Devices.Block;

/// <summary>Runs every request at once, on the machine's thread: the guest's time stands still meanwhile, and history is repeatable.</summary>
public sealed class InlineBlockRunner : IBlockRunner
{
    /// <summary>The only one needed: it has no state.</summary>
    public static InlineBlockRunner Instance { get; } = new();

    /// <inheritdoc/>
    public void Submit(VirtioBlockRequest request)
    {
        request.Execute();
        request.Device.Complete(request);
    }
}
