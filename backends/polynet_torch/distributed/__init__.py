"""torch's part in training by several processes: gloo and NCCL, DistributedDataParallel, FSDP2."""
