using Xunit;

// A program that one test starts holds, from fork to exec, the locks of all files that other tests of this process have open. A test that opens its image again at that
// moment would find it in use.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
