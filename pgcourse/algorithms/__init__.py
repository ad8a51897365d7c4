"""Learning in any Gymnasium environment, one readable file an algorithm.

learners    reinforce, a2c, ppo, trpo; ddpg, td3, sac     Settings, Learner, train and update
searches    search                                        cem, antithetic and cma_es: generators of a Generation
tasks       cartpole, pendulum                            Gymnasium's, many at once
shared      networks, policies, bounded, optimisers, buffer, actor_critic, off_policy, settings, threads
"""
